import { afterEach, describe, expect, it } from 'vitest'
import { type FetchHandler, HOSTS, type Host } from '../support/http/hosts.ts'
import { ask, post, rawClient } from '../support/http/raw-client.ts'
import { deferred, endlessBody, manualBody } from './manual-body.ts'

const opened: Host[] = []
afterEach(async () => {
  await Promise.all(opened.splice(0).map((host) => host.close()))
})

const SSE = { 'content-type': 'text/event-stream' }

describe.each(HOSTS)('under %s', (name, start) => {
  const open = async (handler: FetchHandler): Promise<Host> => {
    const host = await start(handler)
    opened.push(host)
    return host
  }

  it('sends the head before the first byte of the body', async () => {
    const body = manualBody()
    const host = await open(() => new Response(body.stream, { headers: SSE }))
    const client = rawClient(host.port)
    client.send(ask('/'))
    const head = await client.until('\r\n\r\n')
    expect(head).toContain('HTTP/1.1 200 OK\r\n')
    expect(head).toMatch(/content-type: text\/event-stream\r\n/i)
    body.send('data: 1\n\n')
    await client.until('data: 1\n\n')
    body.close()
    await client.until('0\r\n\r\n')
    await host.ended()
  })

  it('passes bytes unchanged for any split into chunks', async () => {
    const bytes = new Uint8Array(200_000).map((_, index) => (index * 7 + (index >> 8)) & 255)
    const cuts = [0, 1, 2, 2, 5, 4_096, 70_000, 70_001, 200_000]
    const host = await open(() => {
      let at = 0
      return new Response(
        new ReadableStream<Uint8Array>({
          pull(controller) {
            const [from, to] = [cuts[at], cuts[at + 1]]
            at++
            if (to === undefined) controller.close()
            else controller.enqueue(bytes.subarray(from, to))
          },
        }),
      )
    })
    const response = await fetch(`http://127.0.0.1:${host.port}/`)
    expect(Buffer.compare(Buffer.from(await response.arrayBuffer()), bytes)).toBe(0)
    await host.ended()
  })

  it('aborts the signal and cancels the body when the client leaves mid-event', async () => {
    const body = manualBody()
    const aborted = deferred<unknown>()
    const host = await open((request) => {
      request.signal.addEventListener('abort', () => aborted.resolve(request.signal.reason))
      return new Response(body.stream, { headers: SSE })
    })
    const client = rawClient(host.port)
    client.send(ask('/'))
    await client.until('\r\n\r\n')
    body.send('data: half')
    await client.until('data: half')
    client.socket.destroy()
    expect(await body.cancelled).toMatchObject({ name: 'AbortError' })
    expect(await aborted.promise).toMatchObject({ name: 'AbortError' })
    await host.ended()
  })

  it('aborts the signal before there is a response, and cancels the body of a late one', async () => {
    const body = manualBody()
    const asked = deferred<Request>()
    const answer = deferred<Response>()
    const host = await open((request) => {
      asked.resolve(request)
      return answer.promise
    })
    const client = rawClient(host.port)
    client.send(post('/', '{}'))
    const { signal } = await asked.promise
    client.socket.destroy()
    await new Promise((resolve) => signal.addEventListener('abort', resolve))
    await host.ended()
    answer.resolve(new Response(body.stream))
    expect(await body.cancelled).toBe(signal.reason)
  })

  it('stops reading the body for a client that reads nothing, and cancels it when the client leaves', async () => {
    const body = endlessBody()
    const host = await open(() => new Response(body.stream, { headers: SSE }))
    const client = rawClient(host.port)
    client.send(ask('/'))
    await client.until('\r\n\r\n')
    client.socket.pause()
    await body.idle()
    // Most of it is in the socket buffers, some MiB on loopback.
    expect(body.bytes).toBeLessThan(16_000_000)
    const [socket] = host.sockets
    expect(socket?.writableLength).toBeLessThan(300_000)
    client.socket.destroy()
    expect(await body.cancelled).toMatchObject({ name: 'AbortError' })
    await host.ended()
  })

  it('breaks the connection when the body errors, after all earlier bytes', async () => {
    let asked = 0
    const host = await open(() => {
      return new Response(
        new ReadableStream<Uint8Array>({
          pull(controller) {
            if (asked++ < 3) controller.enqueue(Buffer.from(`data: ${asked}\n\n`))
            else controller.error(new Error('the secret of the upstream'))
          },
        }),
        { headers: SSE },
      )
    })
    const client = rawClient(host.port)
    client.send(ask('/'))
    await client.closed
    const body = client.text.slice(client.text.indexOf('\r\n\r\n') + 4)
    expect(body.replaceAll(/(?:^|\r\n)[0-9a-f]+(?=\r\n)|\r\n/g, '')).toBe(
      'data: 1\n\ndata: 2\n\ndata: 3\n\n',
    )
    expect(body).not.toMatch(/^0\r\n/m)
    expect(client.text).not.toContain('secret')
    await host.ended()
  })

  it('responds to HEAD with the head only, and cancels the body', async () => {
    const body = endlessBody()
    const host = await open((request) =>
      request.method === 'HEAD'
        ? new Response(body.stream, { headers: SSE })
        : new Response('next'),
    )
    const client = rawClient(host.port)
    client.send(ask('/', 'HEAD'))
    await body.cancelled
    await client.until('\r\n\r\n')
    client.send(ask('/'))
    const text = await client.until('next')
    // The second head follows the first one, without a body in between.
    expect(text).toMatch(
      /content-type: text\/event-stream\r\n[\s\S]*?\r\n\r\nHTTP\/1\.1 200 OK\r\n/i,
    )
    await host.ended()
    expect(body.bytes).toBe(0)
    client.socket.destroy()
  })

  it.each([204, 205, 304])('responds with %i without a body', async (status) => {
    const host = await open(() => new Response(null, { status, headers: { etag: '"x"' } }))
    const response = await fetch(`http://127.0.0.1:${host.port}/`)
    expect(response.status).toBe(status)
    expect(response.headers.get('etag')).toBe('"x"')
    expect(await response.text()).toBe('')
  })

  it("sends the client no details of a handler's error", async () => {
    const warnings: Error[] = []
    const onWarning = (warning: Error): void => void warnings.push(warning)
    process.on('warning', onWarning)
    const host = await open(() => {
      throw Object.assign(new Error('the secret'), { headers: { 'x-secret': '1' } })
    })
    const response = await fetch(`http://127.0.0.1:${host.port}/`)
    expect(response.status).toBe(500)
    if (name === 'Express 5') {
      expect(await response.text()).toBe('handled by next: the secret')
    } else {
      expect(await response.text()).toBe('')
      expect(JSON.stringify([...response.headers])).not.toContain('secret')
      await new Promise((resolve) => setImmediate(resolve))
      expect(warnings.map((warning) => warning.message)).toEqual([
        'A handler threw, and its client was sent a 500',
      ])
    }
    process.off('warning', onWarning)
    await host.ended()
  })

  it('keeps several cookies, the status text and headers in Latin-1', async () => {
    const headers = new Headers({ 'x-name': 'Zo\u00eb' })
    headers.append('set-cookie', 'a=1; Path=/')
    headers.append('set-cookie', 'b=2, c')
    const host = await open(
      () => new Response('x', { status: 418, statusText: 'Short, stout', headers }),
    )
    const response = await fetch(`http://127.0.0.1:${host.port}/`)
    expect([response.status, response.statusText]).toEqual([418, 'Short, stout'])
    expect(response.headers.getSetCookie()).toEqual(['a=1; Path=/', 'b=2, c'])
    expect(response.headers.get('x-name')).toBe('Zo\u00eb')
    await response.text()
  })

  it('gives the handler a real Request with path, query, headers and body', async () => {
    const host = await open(async (request) => {
      const copy = new Request(request, {
        headers: { ...Object.fromEntries(request.headers), 'x-copy': '1' },
      })
      return Response.json({
        url: request.url.replace(/:\d+/, ''),
        method: copy.method,
        type: copy.headers.get('content-type'),
        copied: copy.headers.get('x-copy'),
        body: await copy.text(),
      })
    })
    const response = await fetch(`http://127.0.0.1:${host.port}/v1//a%2Fb/?q=1&q=%20`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"model":"m"}',
    })
    expect(await response.json()).toEqual({
      url: 'http://127.0.0.1/v1//a%2Fb/?q=1&q=%20',
      method: 'POST',
      type: 'application/json',
      copied: '1',
      body: '{"model":"m"}',
    })
  })

  it('serves many requests over one connection and leaves no listener behind', async () => {
    const host = await open((request) => new Response(request.body ?? 'no body'))
    const client = rawClient(host.port)
    client.send(ask('/'))
    await client.until('\r\n0\r\n\r\n')
    await host.ended()
    const [socket] = host.sockets
    const count = (): number[] =>
      ['close', 'error', 'drain', 'data', 'end'].map((event) => socket?.listenerCount(event) ?? -1)
    const before = count()
    for (let i = 0; i < 20; i++) {
      client.send(post('/', `{"body":${i}}`))
      await client.until(`{"body":${i}}\r\n0\r\n\r\n`)
    }
    await host.ended()
    expect(count()).toEqual(before)
    expect(host.sockets.size).toBe(1)
    client.socket.destroy()
  })
})
