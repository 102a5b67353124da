import { once } from 'node:events'
import { get, type IncomingMessage } from 'node:http'
import { connect } from 'node:net'
import * as zlib from 'node:zlib'
import {
  type BodyCoding,
  type FakeUpstream,
  fakeUpstream,
  gate,
  step,
  type UpstreamScript,
} from 'sse-stream-kit/testing'
import * as undici from 'undici'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { openUpstream } from '../support/http/open-upstream.ts'
import { loopbackCertificate } from '../support/loopback-certificate.ts'
import { refusal } from '../support/refusal.ts'

/** The two faces: the same script has to do the same over both. */
const FACES: [string, (upstream: FakeUpstream) => Promise<typeof fetch>][] = [
  [
    'over a socket',
    async (upstream) => {
      const url = await upstream.listen()
      return (input, init) => {
        const { pathname, search } = new URL(String(input))
        return fetch(url + pathname + search, init)
      }
    },
  ],
  ['as a fetch', async (upstream) => upstream.fetch],
]
const URL_OF_TEST = 'http://upstream.test/v1/chat?stream=1'

describe.each(FACES)('fakeUpstream %s', (_, open) => {
  it('sends the steps of its script, then ends', async () => {
    const upstream = openUpstream([
      step.comment('hi'),
      step.send({ data: '1' }),
      step.raw('data: 2'),
    ])
    const response = await (await open(upstream))(URL_OF_TEST)
    expect(response.status).toBe(200)
    expect(response.headers.get('content-type')).toBe('text/event-stream')
    expect(await response.text()).toBe(': hi\n\ndata: 1\n\ndata: 2')
  })

  it('records the request and how its response ended', async () => {
    const upstream = openUpstream([step.send({ data: '1' })])
    const response = await (await open(upstream))(URL_OF_TEST, {
      method: 'POST',
      body: 'größer',
      headers: { 'x-key': 'a' },
    })
    await response.text()
    const request = await upstream.request()
    await request.closed
    expect(request).toMatchObject({ method: 'POST', url: '/v1/chat?stream=1', index: 0 })
    expect(request.headers.get('x-key')).toBe('a')
    expect(await request.text()).toBe('größer')
    expect(request.bytesTaken).toBe('data: 1\n\n'.length)
    expect(request.aborted).toBe(false)
    expect(request.closedAtMs).toBeTypeOf('number')
  })

  it.each(['cut', 'reset'] as const)('breaks the body by %s', async (how) => {
    const seen = gate()
    const upstream = openUpstream([step.send({ data: '1' }), step.until(seen.opened), step[how]()])
    const response = await (await open(upstream))(URL_OF_TEST)
    seen.open()
    await expect(response.text()).rejects.toThrow('terminated')
    const request = await upstream.request()
    await request.closed
    expect(request.aborted).toBe(false)
  })

  it('breaks the connection before a head', async () => {
    const upstream = openUpstream([step.reset()])
    await expect((await open(upstream))(URL_OF_TEST)).rejects.toThrow('fetch failed')
  })

  it('records that the client has disconnected from a silent response', async () => {
    const upstream = openUpstream([step.send({ data: '1' }), step.hang()])
    const response = await (await open(upstream))(URL_OF_TEST)
    await response.body?.cancel()
    const request = await upstream.request()
    await request.closed
    expect(request.aborted).toBe(true)
  })

  it('records that the client has disconnected before a head', async () => {
    const upstream = openUpstream([step.never()])
    const controller = new AbortController()
    const answer = (await open(upstream))(URL_OF_TEST, { signal: controller.signal })
    const request = await upstream.request()
    controller.abort(new Error('enough'))
    await expect(answer).rejects.toThrow('enough')
    await request.closed
    expect(request.aborted).toBe(true)
    expect(request.isAnswered).toBe(false)
  })

  it('waits for a gate', async () => {
    let openGate = (): void => {}
    const gate = new Promise<void>((resolve) => {
      openGate = resolve
    })
    const upstream = openUpstream([
      step.send({ data: '1' }),
      step.until(gate),
      step.send({ data: '2' }),
    ])
    const response = await (await open(upstream))(URL_OF_TEST)
    const reader = (response.body as ReadableStream<Uint8Array>).getReader()
    const read = async (): Promise<string> =>
      new TextDecoder().decode((await reader.read()).value as Uint8Array)
    expect(await read()).toBe('data: 1\n\n')
    openGate()
    expect(await read()).toBe('data: 2\n\n')
    expect((await reader.read()).done).toBe(true)
  })

  it('sends a complete JSON response', async () => {
    const upstream = openUpstream([step.json(429, { error: 'slow down' }, { 'retry-after': '3' })])
    const response = await (await open(upstream))(URL_OF_TEST)
    expect(response.status).toBe(429)
    expect(response.headers.get('retry-after')).toBe('3')
    expect(response.headers.get('content-length')).toBe('21')
    expect(await response.json()).toEqual({ error: 'slow down' })
  })

  it('takes steps from an endless script no faster than the client reads', async () => {
    let sent = 0
    const upstream = openUpstream(function* () {
      for (;;) {
        sent++
        yield step.raw(new Uint8Array(65_536))
      }
    })
    const response = await (await open(upstream))(URL_OF_TEST)
    const request = await upstream.request()
    await expect.poll(() => request.pauses).toBeGreaterThan(0)
    const before = sent
    await response.body?.cancel()
    await request.closed
    expect(sent).toBe(before)
    expect(request.aborted).toBe(true)
  })
})

describe('fakeUpstream', () => {
  it('runs the steps that a function returns for the request', async () => {
    const upstream = openUpstream(async ({ index, url }) => [
      step.send({ data: `${index} ${url}` }),
    ])
    const texts = ['/a', '/b?c'].map(async (path) =>
      (await upstream.fetch(`http://upstream.test${path}`)).text(),
    )
    expect(await Promise.all(texts)).toEqual(['data: 0 /a\n\n', 'data: 1 /b?c\n\n'])
    expect((await upstream.request(1)).url).toBe('/b?c')
    expect(upstream.requests).toHaveLength(2)
  })

  it.each(FACES)('ends a response without a body after its head, %s', async (_, open) => {
    let sent = 0
    const upstream = openUpstream(function* () {
      for (;;) {
        sent++
        yield step.raw('x')
      }
    })
    const response = await (await open(upstream))(URL_OF_TEST, { method: 'HEAD' })
    expect(await response.text()).toBe('')
    await (await upstream.request()).closed
    expect(sent).toBe(1)
    const empty = openUpstream([step.status(204), step.hang()])
    expect((await (await open(empty))(URL_OF_TEST)).status).toBe(204)
  })

  it.each(FACES)('keeps at most maxBodyBytes of a body, %s', async (_, open) => {
    const upstream = openUpstream([], { maxBodyBytes: 3 })
    await (await open(upstream))(URL_OF_TEST, { method: 'POST', body: '12345' })
    const request = await upstream.request()
    expect(await request.text()).toBe('123')
    expect(request.bodyBytes).toBe(5)
    expect(() => fakeUpstream([], { maxBodyBytes: -1 })).toThrow(
      refusal(RangeError, 'maxBodyBytes'),
    )
  })

  it.each(FACES)('breaks the response when its script throws, and warns, %s', async (_, open) => {
    const warned = new Promise<Error>((resolve) => process.once('warning', resolve))
    const upstream = openUpstream(function* () {
      yield step.send({ data: '1' })
      throw new Error('bad script')
    })
    const answer = (await open(upstream))(URL_OF_TEST).then((response) => response.text())
    await expect(answer).rejects.toThrow()
    expect((await warned).cause).toMatchObject({ message: 'bad script' })
  })

  it.each([
    ['a second head', [step.status(200), step.status(200)], 'step status'],
    ['a coding after the head', [step.status(200), step.coding('gzip')], 'after the head'],
    ['bytes on the wire without a socket', [step.wire('HTTP')], 'listen()'],
  ])('refuses %s', async (_, script, message) => {
    const warned = new Promise<Error>((resolve) => process.once('warning', resolve))
    const upstream = openUpstream(script)
    const answer = upstream.fetch(URL_OF_TEST).then((response) => response.text())
    await expect(answer).rejects.toThrow()
    expect((await warned).cause).toMatchObject({ message: expect.stringContaining(message) })
  })

  it('sends bytes as they were when the step was made', async () => {
    const bytes = Uint8Array.of(49)
    const upstream = openUpstream([step.raw(bytes)])
    bytes[0] = 50
    expect(await (await upstream.fetch(URL_OF_TEST)).text()).toBe('1')
  })

  it('refuses steps that cannot be sent when they are made', () => {
    expect(() => step.send({ event: 'a\nb', data: '' })).toThrow('"event"')
    expect(() => step.wait(-1)).toThrow(refusal(RangeError, 'waitMs'))
    expect(() => step.coding('lzw' as 'gzip')).toThrow('"lzw"')
    for (const wrong of [undefined, null, {}, gate()]) {
      expect(() => step.until(wrong as unknown as Promise<void>)).toThrow(
        refusal(TypeError, 'step.until'),
      )
    }
  })

  it.each([undefined, {}])('warns of an until whose function returns %j', async (returned) => {
    const warned = new Promise<Error>((resolve) => process.once('warning', resolve))
    const until = step.until(() => returned as unknown as Promise<void>)
    const upstream = openUpstream([step.send({ data: '1' }), until])
    const response = await upstream.fetch(URL_OF_TEST)
    await expect(response.text()).rejects.toThrow('terminated')
    expect((await warned).cause).toEqual(refusal(TypeError, 'step.until'))
  })

  it('waits for a thenable that calls back at once', async () => {
    // biome-ignore lint/suspicious/noThenProperty: a thenable of the application
    const thenable = { then: (done: (value: unknown) => void) => done(undefined) }
    const until = step.until(thenable as PromiseLike<unknown>)
    const upstream = openUpstream([until, step.send({ data: '1' })])
    expect(await (await upstream.fetch(URL_OF_TEST)).text()).toBe('data: 1\n\n')
  })

  it('waits by fake timers, and stops when the client has disconnected', async () => {
    vi.useFakeTimers()
    try {
      const upstream = openUpstream([
        step.wait(60_000),
        step.send({ data: '1' }),
        step.wait(60_000),
      ])
      const answer = upstream.fetch(URL_OF_TEST)
      await vi.advanceTimersByTimeAsync(60_000)
      const response = await answer
      const reader = (response.body as ReadableStream<Uint8Array>).getReader()
      await reader.read()
      await vi.advanceTimersByTimeAsync(0)
      expect(vi.getTimerCount()).toBe(1)
      await reader.cancel()
      expect(vi.getTimerCount()).toBe(0)
      expect((await upstream.request()).aborted).toBe(true)
    } finally {
      vi.useRealTimers()
    }
  })

  it('delivers each chunk only on a pull, as a copy', async () => {
    const upstream = openUpstream([step.raw('1'), step.raw('2')])
    for (const index of [0, 1]) {
      const response = await upstream.fetch(URL_OF_TEST)
      const reader = (response.body as ReadableStream<Uint8Array>).getReader({ mode: 'byob' })
      const request = await upstream.request(index)
      expect(request.bytesTaken).toBe(0)
      expect((await reader.read(new Uint8Array(8))).value).toEqual(Uint8Array.of(49))
      expect(request.bytesTaken).toBe(1)
      expect((await reader.read(new Uint8Array(8))).value).toEqual(Uint8Array.of(50))
      expect((await reader.read(new Uint8Array(8))).done).toBe(true)
    }
  })

  it('rejects and errors its body with the reason of the signal', async () => {
    const upstream = openUpstream([step.send({ data: '1' }), step.hang()])
    const controller = new AbortController()
    const response = await upstream.fetch(new Request(URL_OF_TEST, { signal: controller.signal }))
    const reason = new Error('enough')
    const text = response.text()
    controller.abort(reason)
    await expect(text).rejects.toBe(reason)
    await expect(upstream.fetch(URL_OF_TEST, { signal: controller.signal })).rejects.toBe(reason)
    expect(upstream.requests).toHaveLength(1)
  })

  it('breaks open responses of the server and of fetch when it closes', async () => {
    const upstream = openUpstream([step.status(200), step.hang()])
    const overSocket = await fetch(await upstream.listen())
    const asFetch = await upstream.fetch(URL_OF_TEST)
    expect(upstream.connections).toBe(1)
    const texts = [overSocket.text(), asFetch.text()]
    await upstream.close()
    expect((await Promise.allSettled(texts)).map(({ status }) => status)).toEqual([
      'rejected',
      'rejected',
    ])
    expect(upstream.connections).toBe(0)
  })

  it('listens once', async () => {
    const upstream = openUpstream([])
    expect(await upstream.listen()).toBe(await upstream.listen())
    expect(await upstream.listen()).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/)
  })

  it('records the body of a client that has disconnected within it', async () => {
    const upstream = openUpstream([step.never()])
    const url = new URL(await upstream.listen())
    const socket = connect(Number(url.port), url.hostname)
    socket.write('POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 10\r\n\r\n123')
    const request = await upstream.request()
    await expect.poll(() => request.bodyBytes).toBe(3)
    socket.destroy()
    expect(await request.text()).toBe('123')
    await request.closed
    expect(request.aborted).toBe(true)
  })
})

describe('on the wire', () => {
  /** All bytes of the answer, and whether the connection was reset. */
  async function talk(
    upstream: FakeUpstream,
    onData = (): void => {},
  ): Promise<{ text: string; isReset: boolean }> {
    const url = new URL(await upstream.listen())
    const socket = connect(Number(url.port), url.hostname)
    socket.write('GET / HTTP/1.1\r\nhost: a\r\n\r\n')
    let text = ''
    try {
      for await (const chunk of socket) {
        text += String(chunk)
        if (text.includes('data:')) onData()
      }
      return { text, isReset: false }
    } catch {
      return { text, isReset: true }
    }
  }

  it('cuts with a FIN and without a last chunk, after everything sent before', async () => {
    const { text, isReset } = await talk(openUpstream([step.send({ data: '1' }), step.cut()]))
    expect(isReset).toBe(false)
    expect(text).toMatch(/^HTTP\/1\.1 200 OK\r\n[\s\S]*\r\n\r\n9\r\ndata: 1\n\n\r\n$/)
  })

  it('cuts before a head', async () => {
    expect(await talk(openUpstream([step.cut()]))).toEqual({ text: '', isReset: false })
  })

  it('resets with a RST', async () => {
    const seen = gate()
    const upstream = openUpstream([step.send({ data: '1' }), step.until(seen.opened), step.reset()])
    const { text, isReset } = await talk(upstream, seen.open)
    expect(isReset).toBe(true)
    expect(text).toContain('data: 1\n\n')
  })

  it('sends what comes before a reset, without a wait between them', async () => {
    const { text } = await talk(openUpstream([step.send({ data: '1' }), step.reset()]))
    expect(text).toContain('data: 1\n\n')
  })

  it('sends the head on its own, before any body', async () => {
    const released = gate()
    const upstream = openUpstream([
      step.status(200, { 'x-a': 'b' }),
      step.until(released.opened),
      step.cut(),
    ])
    const url = new URL(await upstream.listen())
    const socket = connect(Number(url.port), url.hostname)
    socket.write('GET / HTTP/1.1\r\nhost: a\r\n\r\n')
    const [head] = (await once(socket, 'data')) as [Buffer]
    expect(String(head)).toMatch(/x-a: b\r\n[\s\S]*\r\n\r\n$/)
    released.open()
    await once(socket, 'end')
    socket.destroy()
  })

  it('writes bytes without HTTP framing', async () => {
    const raw = 'HTTP/1.1 200 What\r\n\r\nraw'
    for (const end of [[], [step.end()], [step.cut()]]) {
      const { text } = await talk(
        openUpstream([step.wire(raw.slice(0, 9)), step.wire(raw.slice(9)), ...end]),
      )
      expect(text).toBe(raw)
    }
    const { text } = await talk(openUpstream([step.raw('a'), step.wire('zz'), step.cut()]))
    expect(text).toMatch(/\r\n\r\n1\r\na\r\nzz$/)
  })

  it('ends the record of a body whose client disconnects after the response', async () => {
    const upstream = openUpstream([step.send({ data: '1' })])
    const { port } = new URL(await upstream.listen())
    const socket = connect(Number(port), '127.0.0.1')
    socket.write('POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 20\r\n\r\nhalf')
    await once(socket, 'data')
    await upstream.requests[0]?.closed
    socket.destroy()
    expect(await upstream.requests[0]?.text()).toBe('half')
  })
})

describe('coded bodies', () => {
  const codings: BodyCoding[] = ['gzip', 'deflate', 'br']
  if ('createZstdCompress' in zlib) codings.push('zstd')

  it.each(codings)('flushes each step of a body in %s', async (coding) => {
    const released = gate()
    const upstream = openUpstream([
      step.coding(coding),
      step.send({ data: '1' }),
      step.until(released.opened),
      step.send({ data: 'x'.repeat(100_000) }),
    ])
    const response = await undici.fetch(await upstream.listen())
    expect(response.headers.get('content-encoding')).toBe(coding)
    const reader = (response.body as ReadableStream<Uint8Array>).getReader()
    expect(new TextDecoder().decode((await reader.read()).value as Uint8Array)).toBe('data: 1\n\n')
    released.open()
    let length = 0
    for (let read = await reader.read(); !read.done; read = await reader.read()) {
      length += (read.value as Uint8Array).length
    }
    expect(length).toBe(100_008)
    await (await upstream.request()).closed
    expect(upstream.requests[0]?.bytesTaken).toBe(100_017)
  })

  it('ends a gzip body completely', async () => {
    const upstream = openUpstream([
      step.coding('gzip'),
      step.send({ data: '1' }),
      step.send({ data: '2' }),
    ])
    const [answer] = (await once(get(await upstream.listen()), 'response')) as [IncomingMessage]
    const coded = Buffer.concat(await answer.toArray())
    expect(String(zlib.gunzipSync(coded))).toBe('data: 1\n\ndata: 2\n\n')
  })

  it.each(codings)('has the header of %s and a decoded body as a fetch', async (coding) => {
    const upstream = openUpstream([step.coding(coding), step.send({ data: '1' })])
    const response = await upstream.fetch(URL_OF_TEST)
    expect(response.headers.get('content-encoding')).toBe(coding)
    expect(await response.text()).toBe('data: 1\n\n')
  })

  it.skipIf('createZstdCompress' in zlib)('says that there is no zstd', async () => {
    const warned = new Promise<Error>((resolve) => process.once('warning', resolve))
    const upstream = openUpstream([step.coding('zstd'), step.send({ data: '1' })])
    await expect(fetch(await upstream.listen())).rejects.toThrow('fetch failed')
    expect((await warned).cause).toMatchObject({ message: expect.stringContaining('"zstd"') })
  })
})

describe('over TLS', () => {
  /** A client that trusts the certificate, and speaks HTTP/2 if it should. */
  async function trusting(
    script: UpstreamScript,
    http2: boolean,
  ): Promise<{ upstream: FakeUpstream; ask: () => Promise<undici.Response> }> {
    const tls = await loopbackCertificate()
    const upstream = openUpstream(script)
    const url = await upstream.listen({ tls, http2 })
    const dispatcher = new undici.Agent({ connect: { ca: tls.cert }, allowH2: http2 })
    agents.push(dispatcher)
    return {
      upstream,
      ask: () => undici.fetch(`${url}/v1`, { method: 'POST', body: 'hi', dispatcher }),
    }
  }
  const agents: undici.Agent[] = []
  afterEach(async () => {
    await Promise.all(agents.splice(0).map((agent) => agent.destroy()))
  })

  it.each([
    ['1.1', false],
    ['2.0', true],
  ])('uses HTTP/%s', async (version, http2) => {
    const { upstream, ask } = await trusting([step.send({ data: '1' })], http2)
    expect(await (await ask()).text()).toBe('data: 1\n\n')
    const request = await upstream.request()
    expect(request).toMatchObject({ httpVersion: version, method: 'POST', url: '/v1' })
    expect(await request.text()).toBe('hi')
    await request.closed
    expect(request).toMatchObject({ aborted: false, bytesTaken: 9 })
  })

  it('resets one HTTP/2 stream and keeps the connection', async () => {
    const { upstream, ask } = await trusting(
      ({ index }) => (index === 0 ? [step.send({ data: '1' }), step.reset()] : []),
      true,
    )
    await expect(ask().then((response) => response.text())).rejects.toThrow()
    await (await upstream.request()).closed
    expect(upstream.connections).toBe(1)
  })

  it('cuts an HTTP/2 connection', async () => {
    const { upstream, ask } = await trusting([step.send({ data: '1' }), step.cut()], true)
    await expect(ask().then((response) => response.text())).rejects.toThrow()
    await (await upstream.request()).closed
    expect(upstream.requests[0]?.aborted).toBe(false)
  })

  it('records that an HTTP/2 client has disconnected', async () => {
    const { upstream, ask } = await trusting([step.send({ data: '1' }), step.hang()], true)
    const response = await ask()
    await response.body?.cancel()
    const request = await upstream.request()
    await request.closed
    expect(request.aborted).toBe(true)
    expect(upstream.connections).toBe(1)
  })

  it('refuses the step wire over HTTP/2', async () => {
    const warned = new Promise<Error>((resolve) => process.once('warning', resolve))
    const { ask } = await trusting([step.wire('x')], true)
    await expect(ask()).rejects.toThrow()
    expect((await warned).cause).toMatchObject({ message: expect.stringContaining('HTTP/2') })
  })

  it('refuses HTTP/2 without a certificate', async () => {
    await expect(openUpstream([]).listen({ http2: true })).rejects.toThrow(/\btls\b/)
  })
})
