import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  constants,
  createServer,
  type Http2Server,
  type OutgoingHttpHeaders,
} from 'node:http2'
import { type AddressInfo, connect as connectSocket } from 'node:net'
import { toNodeHandler } from 'sse-stream-kit/node'
import { afterEach, describe, expect, it } from 'vitest'
import type { FetchHandler } from '../support/http/hosts.ts'
import { within } from '../support/within.ts'
import { deferred, endlessBody, manualBody } from './manual-body.ts'

interface Answer {
  head: Promise<Record<string, unknown>>
  text(): string
  until(text: string): Promise<void>
  /** Resolves with HTTP/2's error code when the stream is closed. */
  closed: Promise<number>
}

/** Uploads that stay open block all others within the first few dozen. */
const UPLOADS = 60
const MANY_UPLOADS = process.env['CI'] ? 800 : UPLOADS

const servers: Http2Server[] = []
const sessions: ClientHttp2Session[] = []
afterEach(async () => {
  for (const session of sessions.splice(0)) session.destroy()
  await Promise.all(
    servers.splice(0).map((server) => new Promise((resolve) => server.close(resolve))),
  )
})

async function open(
  handler: FetchHandler,
): Promise<{ session: ClientHttp2Session; port: number; exchanges: Promise<void>[] }> {
  const exchanges: Promise<void>[] = []
  const handle = toNodeHandler(handler)
  const server = createServer((req, res) => void exchanges.push(handle(req, res)))
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const session = connect(`http://127.0.0.1:${port}`)
  session.on('error', () => {})
  sessions.push(session)
  return { session, port, exchanges }
}

/** One HTTP/2 frame, RFC 9113. */
function frame(type: number, flags: number, streamId: number, payload: Uint8Array): Buffer {
  const head = Buffer.alloc(9)
  head.writeUIntBE(payload.length, 0, 3)
  head[3] = type
  head[4] = flags
  head.writeUInt32BE(streamId, 5)
  return Buffer.concat([head, payload])
}

function follow(stream: ClientHttp2Stream): Answer {
  let text = ''
  stream.setEncoding('utf8')
  stream.on('data', (chunk: string) => {
    text += chunk
  })
  stream.on('error', () => {})
  return {
    head: new Promise((resolve) => stream.on('response', resolve)),
    text: () => text,
    until: (wanted) =>
      new Promise((resolve) => {
        const check = (): void => {
          if (text.includes(wanted)) resolve()
        }
        stream.on('data', check)
        check()
      }),
    closed: new Promise((resolve) => stream.on('close', () => resolve(stream.rstCode))),
  }
}

const get = (session: ClientHttp2Session, headers: OutgoingHttpHeaders = {}): ClientHttp2Stream =>
  session.request({ ':path': '/v1/x?q=1', ...headers })

describe('under http2', () => {
  it('sends the head before the first byte, and ends cleanly', async () => {
    const body = manualBody()
    const { session, exchanges } = await open(
      (request) =>
        new Response(body.stream, { headers: { 'x-url': request.url.replace(/:\d+/, '') } }),
    )
    const answer = follow(get(session))
    expect(await answer.head).toMatchObject({
      ':status': 200,
      'x-url': 'http://127.0.0.1/v1/x?q=1',
    })
    body.send('data: 1\n\n')
    await answer.until('data: 1\n\n')
    body.close()
    expect(await answer.closed).toBe(constants.NGHTTP2_NO_ERROR)
    await within('end of every exchange', Promise.all(exchanges))
  })

  it('sends every cookie and no header that HTTP/2 forbids, without a warning', async () => {
    const warnings: unknown[] = []
    const onWarning = (warning: Error): void => void warnings.push(warning.message)
    process.on('warning', onWarning)
    const { session, exchanges } = await open(() => {
      const headers = new Headers({
        connection: 'keep-alive, x-hop',
        'keep-alive': 'timeout=5',
        'proxy-connection': 'close',
        te: 'trailers',
        'transfer-encoding': 'chunked',
        upgrade: 'h3',
        'x-kept': '1',
      })
      headers.append('set-cookie', 'a=1')
      headers.append('set-cookie', 'b=2')
      return new Response('x', { headers, statusText: 'Fine' })
    })
    const answer = follow(get(session))
    const head = await answer.head
    expect(head).toMatchObject({ ':status': 200, 'x-kept': '1', 'set-cookie': ['a=1', 'b=2'] })
    for (const name of [
      'connection',
      'keep-alive',
      'proxy-connection',
      'te',
      'transfer-encoding',
      'upgrade',
    ]) {
      expect(head).not.toHaveProperty([name])
    }
    await answer.closed
    await within('end of every exchange', Promise.all(exchanges))
    process.off('warning', onWarning)
    expect(warnings).toEqual([])
  })

  it('resets the stream with an error when the body errors, after all earlier bytes', async () => {
    let asked = 0
    const { session, exchanges } = await open(() => {
      return new Response(
        new ReadableStream<Uint8Array>({
          pull(controller) {
            if (asked++ < 3) controller.enqueue(Buffer.from(`data: ${asked}\n\n`))
            else controller.error(new Error('the upstream broke'))
          },
        }),
      )
    })
    const answer = follow(get(session))
    expect(await answer.closed).toBe(constants.NGHTTP2_INTERNAL_ERROR)
    expect(answer.text()).toBe('data: 1\n\ndata: 2\n\ndata: 3\n\n')
    await within('end of every exchange', Promise.all(exchanges))
    const next = follow(get(session, { ':method': 'HEAD' }))
    expect(await next.head).toMatchObject({ ':status': 200 })
  })

  it('aborts and cancels at once when the client resets the stream, also before there is a response', async () => {
    const body = manualBody()
    const late = manualBody()
    const asked = deferred<AbortSignal>()
    const answer = deferred<Response>()
    const { session, exchanges } = await open((request) => {
      if (request.method === 'GET') return new Response(body.stream)
      asked.resolve(request.signal)
      return answer.promise
    })
    const first = get(session)
    await follow(first).head
    first.close(constants.NGHTTP2_CANCEL)
    expect(await body.cancelled).toMatchObject({ name: 'AbortError' })
    const second = get(session, { ':method': 'PUT' })
    follow(second)
    const signal = await asked.promise
    second.close(constants.NGHTTP2_CANCEL)
    await new Promise((resolve) => signal.addEventListener('abort', resolve))
    answer.resolve(new Response(late.stream))
    expect(await late.cancelled).toBe(signal.reason)
    await within('end of every exchange', Promise.all(exchanges))
  })

  it('stops reading the body for a client that reads nothing, and cancels it when the session closes', async () => {
    const body = endlessBody()
    const { session, exchanges } = await open(() => new Response(body.stream))
    const stream = get(session)
    stream.on('error', () => {})
    await within(
      'event response of the stream',
      new Promise((resolve) => stream.on('response', resolve)),
    )
    await body.idle()
    expect(body.bytes).toBeLessThan(1_000_000)
    session.destroy()
    expect(await body.cancelled).toMatchObject({ name: 'AbortError' })
    await within('end of every exchange', Promise.all(exchanges))
  })

  it('cancels the body at once when a client that reads nothing resets without an error', async () => {
    const body = endlessBody()
    const { session, exchanges } = await open(() => new Response(body.stream))
    const stream = get(session)
    stream.on('error', () => {})
    await within(
      'event response of the stream',
      new Promise((resolve) => stream.on('response', resolve)),
    )
    await body.idle()
    // As undici's `fetch` does when it is aborted; Node keeps such a stream while it has queued writes.
    stream.close(constants.NGHTTP2_NO_ERROR)
    expect(await body.cancelled).toMatchObject({ name: 'AbortError' })
    await within('end of every exchange', Promise.all(exchanges))
  })

  it.each<[string, FetchHandler, number]>([
    ['before it reads the body', () => new Response('no', { status: 413 }), UPLOADS],
    [
      'after the first chunk of the body',
      async (request) => {
        await request.body?.getReader().read()
        return new Response('no', { status: 413 })
      },
      MANY_UPLOADS,
    ],
    ['without a body of its own', () => new Response(null, { status: 413 }), UPLOADS],
    [
      'with a stream that begins and ends before the body is read',
      () => {
        const body = manualBody()
        setTimeout(() => {
          body.send('no')
          body.close()
        })
        return new Response(body.stream, { status: 413 })
      },
      UPLOADS,
    ],
  ])(
    'ends uploads that the handler answers %s',
    { timeout: 60_000 },
    async (_, handler, uploads) => {
      const { session, exchanges } = await open(handler)
      let left = uploads
      const statuses: unknown[] = []
      const upload = async (): Promise<void> => {
        while (left-- > 0) {
          const stream = session.request({ ':method': 'POST', ':path': '/' })
          const answer = follow(stream)
          stream.end(Buffer.alloc(300_000))
          statuses.push((await answer.head)[':status'], await answer.closed)
        }
      }
      await Promise.all([1, 2, 3, 4, 5, 6, 7, 8].map(upload))
      expect(statuses).toHaveLength(2 * uploads)
      expect(new Set(statuses)).toEqual(new Set([413, constants.NGHTTP2_NO_ERROR]))
      await within('end of every exchange', Promise.all(exchanges))
    },
  )

  it('stops an endless upload after the complete response', async () => {
    const { session, exchanges } = await open(async (request) => {
      // Node itself closes a stream that was never read.
      await request.body?.getReader().read()
      return new Response('too large', { status: 413 })
    })
    const stream = session.request({ ':method': 'POST', ':path': '/' })
    const answer = follow(stream)
    const chunk = Buffer.alloc(65_536)
    const write = (): void => {
      while (!stream.writableEnded && stream.write(chunk));
    }
    stream.on('drain', write)
    write()
    await within(
      'event aborted of the stream',
      new Promise((resolve) => stream.on('aborted', resolve)),
    )
    expect(stream.rstCode).toBe(constants.NGHTTP2_NO_ERROR)
    expect(await answer.head).toMatchObject({ ':status': 413 })
    expect(answer.text()).toBe('too large')
    await within('end of every exchange', Promise.all(exchanges))
  })

  it('responds to HEAD with the head only, and cancels the body', async () => {
    const body = endlessBody()
    const { session, exchanges } = await open(() => new Response(body.stream))
    const answer = follow(get(session, { ':method': 'HEAD' }))
    expect(await answer.head).toMatchObject({ ':status': 200 })
    await body.cancelled
    expect(await answer.closed).toBe(constants.NGHTTP2_NO_ERROR)
    expect(body.bytes).toBe(0)
    await within('end of every exchange', Promise.all(exchanges))
  })

  it('passes the request body on, and errors it when the client leaves in the middle', async () => {
    const failed = deferred<unknown>()
    const { session, exchanges } = await open(async (request) => {
      try {
        return new Response(`got ${await request.text()}`)
      } catch (error) {
        failed.resolve(error)
        throw error
      }
    })
    const whole = session.request({ ':method': 'POST', ':path': '/' })
    const answer = follow(whole)
    whole.write('hel')
    whole.end('lo')
    await answer.closed
    expect(answer.text()).toBe('got hello')
    const cut = session.request({ ':method': 'POST', ':path': '/' })
    cut.on('error', () => {})
    // Not `cut.close()`: Node sends the end of the stream before its reset.
    cut.write('hel', () => session.destroy())
    expect(await failed.promise).toMatchObject({ name: 'AbortError' })
    await within('end of every exchange', Promise.all(exchanges))
  })

  it('errors the request body also for a reset with NO_ERROR, which Node treats as an end', async () => {
    const asked = deferred<void>()
    const failed = deferred<unknown>()
    const { port, exchanges } = await open(async (request) => {
      const reader = request.body?.getReader()
      await reader?.read()
      asked.resolve()
      await reader?.read().then(failed.resolve, failed.resolve)
      return new Response('x')
    })
    const socket = connectSocket(port, '127.0.0.1')
    socket.on('error', () => {})
    socket.write('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')
    socket.write(frame(0x4, 0, 0, Buffer.alloc(0)))
    // POST, http, / from HPACK's static table, and the authority "x".
    socket.write(frame(0x1, 0x4, 1, Buffer.from([0x83, 0x86, 0x84, 0x41, 0x01, 0x78])))
    socket.write(frame(0x0, 0, 1, Buffer.from('half')))
    await asked.promise
    socket.write(frame(0x3, 0, 1, Buffer.alloc(4)))
    expect(await failed.promise).toMatchObject({ name: 'AbortError' })
    await within('end of every exchange', Promise.all(exchanges))
    socket.destroy()
  })

  it('responds with a 500 for a header value with a line break, which Node would drop', async () => {
    const head = { status: 200, statusText: '', headers: [['x-bad', 'a\nb']], body: null }
    const { session } = await open(() => head as unknown as Response)
    const answer = follow(session.request({ ':path': '/' }))
    expect((await answer.head)[':status']).toBe(500)
  })

  it('responds with a 500 without details if a handler throws', async () => {
    const { session, exchanges } = await open(() => {
      throw new Error('the secret')
    })
    const answer = follow(get(session))
    const head = await answer.head
    expect(head).toMatchObject({ ':status': 500 })
    await answer.closed
    expect(JSON.stringify(head) + answer.text()).not.toContain('secret')
    await within('end of every exchange', Promise.all(exchanges))
  })
})
