import type { AddressInfo } from 'node:net'
import { createServer, type Socket } from 'node:net'
import * as zlib from 'node:zlib'
import { SseKitError } from 'sse-stream-kit'
import { type BodyCoding, gate, step, streamOf } from 'sse-stream-kit/testing'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { Aborter } from '../../src/base/aborter.ts'
import { requestClosed } from '../support/http/request-closed.ts'
import { watchRejections } from '../support/watch-rejections.ts'
import { bodyText, openTransport, TRANSPORTS } from './open-transport.ts'

watchRejections()

const EVENT = 'data: 1\n\n'

/** A server of raw bytes, for heads that no HTTP library writes. */
async function rawServer(answer: string | Buffer): Promise<URL> {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => {}).on('data', () => socket.end(answer))
  })
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`)
}

describe.each(Object.keys(TRANSPORTS))('a transport %s', (name) => {
  it('sends method, path, headers and body, and nothing of its own that identifies it', async () => {
    const { upstream, send } = await openTransport(name, [
      step.until(({ body }) => body),
      step.raw('ok'),
    ])
    const answer = await send({
      method: 'POST',
      path: '/a%20b?c=1&d',
      headers: new Headers([
        ['x-a', '1'],
        ['authorization', 'Bearer key'],
      ]),
      body: streamOf(['pro', 'mpt']),
    })
    expect(await bodyText(answer.body)).toBe('ok')
    const [request] = upstream.requests
    expect(request).toMatchObject({ method: 'POST', url: '/a%20b?c=1&d' })
    expect(request?.headers.get('x-a')).toBe('1')
    expect(request?.headers.get('authorization')).toBe('Bearer key')
    expect(request?.headers.get('origin')).toBeNull()
    expect(await request?.text()).toBe('prompt')
  })

  it.each([0, 6, 65_536, 300_000])(
    'sends a body of %i bytes, and its length once',
    async (length) => {
      const { upstream, send } = await openTransport(name, [
        step.until(({ body }) => body),
        step.raw('ok'),
      ])
      // A part of more memory, none of which may be changed.
      const memory = new Uint8Array(length + 10).map((_, index) => 97 + (index % 26))
      const before = memory.slice()
      const body = memory.subarray(5, 5 + length)
      const headers = new Headers({ 'content-length': String(length) })
      const answer = await send({ method: 'POST', headers, body })
      expect(await bodyText(answer.body)).toBe('ok')
      const [request] = upstream.requests
      expect(request?.headers.get('content-length')).toBe(String(length))
      expect(await request?.text()).toBe(new TextDecoder().decode(body))
      expect(Buffer.from(memory).equals(before)).toBe(true)
    },
  )

  it('takes a redirect for an answer', async () => {
    const { upstream, send } = await openTransport(name, [
      step.status(302, { location: '/elsewhere' }),
      step.end(),
    ])
    const { status, headers } = await send()
    expect([status, headers.get('location')]).toEqual([302, '/elsewhere'])
    expect(upstream.requests).toHaveLength(1)
  })

  it('gives a 401 that answers a streamed body', async () => {
    const { send } = await openTransport(name, [step.json(401, '{}')])
    const body = streamOf(['{}'])
    expect((await send({ method: 'POST', body })).status).toBe(401)
  })

  it('gives several headers of one name, each as it came', async () => {
    const { send } = await openTransport(name, [
      step.status(200, [
        ['set-cookie', 'a=1; Expires=Wed, 01 Jan 2031 00:00:00 GMT'],
        ['set-cookie', 'b=2'],
        ['x-a', '1'],
      ]),
      step.raw('ok'),
    ])
    const { headers, statusText } = await send()
    expect(headers.getSetCookie()).toEqual(['a=1; Expires=Wed, 01 Jan 2031 00:00:00 GMT', 'b=2'])
    expect(headers.get('x-a')).toBe('1')
    expect(statusText).toBe('OK')
    headers.set('x-b', 'of the caller')
  })

  it('gives headers byte for byte', async () => {
    const url = await rawServer(
      Buffer.concat([
        Buffer.from('HTTP/1.1 200 OK\r\nx-utf8: gr\u00fc\u00dfe\r\nx-latin1: gr'),
        Buffer.of(0xfc, 0xdf),
        Buffer.from('e\r\ncontent-length: 0\r\n\r\n'),
      ]),
    )
    const { send } = await openTransport(name, [])
    const { headers } = await send({ url })
    expect(Buffer.from(headers.get('x-utf8') ?? '', 'latin1').toString()).toBe('gr\u00fc\u00dfe')
    expect(headers.get('x-latin1')).toBe('gr\u00fc\u00dfe')
  })

  it('waits for the answer behind an interim one', async () => {
    const url = await rawServer(
      'HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok',
    )
    const { send } = await openTransport(name, [])
    const { status, body } = await send({ url })
    expect([status, await bodyText(body)]).toEqual([200, 'ok'])
  })

  it('has no body for HEAD, 204, 205 and 304, and the next request is served', async () => {
    const { send } = await openTransport(name, ({ url }) => [
      step.status(Number(url.slice(1)) || 200, { 'content-encoding': 'gzip' }),
      step.end(),
    ])
    for (const path of ['/204', '/205', '/304']) {
      expect(await send({ path })).toMatchObject({ status: Number(path.slice(1)), body: null })
    }
    const head = await send({ method: 'HEAD' })
    expect(head.body).toBe(null)
    // They speak of the body that a GET would have had.
    expect(head.headers.get('content-encoding')).toBe('gzip')
  })

  it.each(['gzip', 'deflate', 'br'] satisfies BodyCoding[])(
    'decodes %s chunk by chunk, and its headers say so',
    async (coding) => {
      const seen = gate()
      const { send } = await openTransport(name, [
        step.coding(coding),
        step.send({ data: 'gr\u00f6\u00dfer' }),
        step.until(seen.opened),
        step.send({ data: '2' }),
      ])
      const { headers, body } = await send()
      const reader = body?.getReader()
      // Were it held back until the window is full, the second event would never be sent.
      const { value } = (await reader?.read()) ?? {}
      expect(new TextDecoder().decode(value)).toBe('data: gr\u00f6\u00dfer\n\n')
      seen.open()
      expect(new TextDecoder().decode((await reader?.read())?.value)).toBe('data: 2\n\n')
      expect((await reader?.read())?.done).toBe(true)
      expect(headers.get('content-encoding')).toBeNull()
      expect(headers.get('content-length')).toBeNull()
    },
  )

  it('decodes deflate without its wrapper, and codings one on the other', async () => {
    const { send } = await openTransport(name, ({ url }) =>
      url === '/raw'
        ? [
            step.status(200, { 'content-encoding': 'deflate' }),
            step.raw(zlib.deflateRawSync(EVENT)),
          ]
        : [
            step.status(200, { 'content-encoding': 'gzip, br' }),
            step.raw(zlib.brotliCompressSync(zlib.gzipSync(EVENT))),
          ],
    )
    expect(await bodyText((await send({ path: '/raw' })).body)).toBe(EVENT)
    expect(await bodyText((await send()).body)).toBe(EVENT)
  })

  it('leaves an unknown coding as it is', async () => {
    const { send } = await openTransport(name, [
      step.status(200, { 'content-encoding': 'foo' }),
      step.raw('coded'),
    ])
    const { headers, body } = await send()
    expect([headers.get('content-encoding'), await bodyText(body)]).toEqual(['foo', 'coded'])
  })

  it('fails a body whose coding is wrong, and closes the socket', async () => {
    const { upstream, send } = await openTransport(name, [
      step.status(200, { 'content-encoding': 'gzip' }),
      step.raw('not gzip at all, whatever the header says'),
      step.hang(),
    ])
    const { body } = await send()
    await expect(bodyText(body)).rejects.toMatchObject({ code: 'SSE_UPSTREAM_NETWORK' })
    await requestClosed(upstream.requests[0])
  })

  it('tells a refused connection, with its cause', async () => {
    const { send, upstream } = await openTransport(name, [step.raw('ok')])
    await upstream.close()
    const error = await send().catch((error: unknown) => error)
    expect(error).toMatchObject({ code: 'SSE_UPSTREAM_NETWORK' })
    expect(JSON.stringify(causes(error))).toContain('ECONNREFUSED')
  })

  it('fails where the connection is reset before the head', async () => {
    const { send } = await openTransport(name, [step.reset()])
    await expect(send()).rejects.toMatchObject({ code: 'SSE_UPSTREAM_NETWORK' })
  })

  it('gives what came before the connection broke, and then a coded error', async () => {
    const { send } = await openTransport(name, [step.send({ data: '1' }), step.cut()])
    const reader = (await send()).body?.getReader()
    expect(new TextDecoder().decode((await reader?.read())?.value)).toBe(EVENT)
    await expect(reader?.read()).rejects.toMatchObject({ code: 'SSE_UPSTREAM_NETWORK' })
  })

  it('asks nobody when it was aborted before', async () => {
    const { upstream, send } = await openTransport(name, [step.raw('ok')])
    const aborter = new Aborter()
    aborter.abort('gone')
    await expect(send({ aborter })).rejects.toBe('gone')
    expect(upstream.requests).toHaveLength(0)
  })

  it('rejects with the reason of its abort while it waits for the head, and closes the socket', async () => {
    const { upstream, send } = await openTransport(name, [step.never()])
    const aborter = new Aborter()
    const answer = send({ aborter })
    answer.catch(() => {})
    const request = await upstream.request()
    const reason = new SseKitError('SSE_DRAINING', 'enough')
    aborter.abort(reason)
    await expect(answer).rejects.toBe(reason)
    await requestClosed(request)
  })

  it('fails the body with the reason of its abort, and closes the socket', async () => {
    const { upstream, send } = await openTransport(name, [step.send({ data: '1' }), step.hang()])
    const aborter = new Aborter()
    const reader = (await send({ aborter })).body?.getReader()
    await reader?.read()
    const read = reader?.read()
    const reason = new SseKitError('SSE_DRAINING', 'enough')
    aborter.abort(reason)
    await expect(read).rejects.toBe(reason)
    await requestClosed(upstream.requests[0])
  })

  it.each(['read', 'unread'])(
    'closes the socket when a body that was %s is cancelled',
    async (how) => {
      const { upstream, send } = await openTransport(name, [step.send({ data: '1' }), step.hang()])
      const { body } = await send()
      if (how === 'unread') {
        await body?.cancel('enough')
      } else {
        const reader = body?.getReader()
        await reader?.read()
        await reader?.cancel('enough')
      }
      await requestClosed(upstream.requests[0])
    },
  )

  it('leaves in the socket what nobody takes, and goes on where it stopped', async () => {
    const chunk = new Uint8Array(10_000).fill(0x61)
    const { upstream, send } = await openTransport(
      name,
      Array.from({ length: 2_000 }, () => step.raw(chunk)),
    )
    const { body } = await send()
    const [request] = upstream.requests
    let before = -1
    // Twice the same: what the sockets take is full.
    await vi.waitFor(
      () => {
        const taken = request?.bytesTaken ?? 0
        const isStill = taken === before
        before = taken
        expect(isStill && (request?.pauses ?? 0) > 0).toBe(true)
      },
      { interval: 100, timeout: 10_000 },
    )
    expect(before).toBeLessThan(20_000_000)
    expect((await bodyText(body)).length).toBe(20_000_000)
  })
})

/** An error, its causes, and the errors of those that are many. */
function causes(error: unknown): unknown[] {
  const { code, cause, errors } = (error ?? {}) as {
    code?: unknown
    cause?: unknown
    errors?: unknown[]
  }
  return [code, ...(errors ?? []).map(causes), ...(cause === undefined ? [] : causes(cause))]
}
