import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { type NodeHandlerOptions, toNodeHandler } from 'sse-stream-kit/node'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { type FetchHandler, type Host, nodeHost, serverHost } from '../support/http/hosts.ts'
import { ask, post, rawClient } from '../support/http/raw-client.ts'
import { within } from '../support/within.ts'
import { deferred, endlessBody, manualBody } from './manual-body.ts'

type Listener = (req: IncomingMessage, res: ServerResponse) => void

const opened: Host[] = []
afterEach(async () => {
  vi.useRealTimers()
  await Promise.all(opened.splice(0).map((host) => host.close()))
})

async function open(handler: FetchHandler, options?: NodeHandlerOptions): Promise<Host> {
  const host = await nodeHost(handler, options)
  opened.push(host)
  return host
}

async function openRaw(listener: Listener): Promise<Host> {
  const host = await serverHost(createServer(listener))
  opened.push(host)
  return host
}

async function exchange(host: Host, request: string): Promise<string> {
  const client = rawClient(host.port)
  client.send(request)
  await client.closed
  return client.text
}

const chunks = (...texts: string[]): ReadableStream<Uint8Array> =>
  new ReadableStream({
    start(controller) {
      for (const text of texts) controller.enqueue(Buffer.from(text))
      controller.close()
    },
  })

const CLOSE = 'connection: close\r\n'

describe('a response that cannot be completed', () => {
  it('resets the connection of an HTTP/1.0 client, for which its end would be clean', async () => {
    const body = manualBody()
    const host = await open(() => new Response(body.stream))
    const client = rawClient(host.port)
    client.send(ask('/', 'GET', '1.0'))
    await client.until('\r\n\r\n')
    body.send('data: 1\n\n')
    await client.until('data: 1\n\n')
    body.fail(new Error('cut'))
    expect(await client.closed).toBe('ECONNRESET')
  })

  it.each([
    ['shorter', '1234'],
    ['longer', '123456'],
  ])('breaks the connection when the body is %s than its content-length', async (_, text) => {
    const errors: unknown[] = []
    const host = await open(
      () => new Response(chunks(text), { headers: { 'content-length': '5' } }),
      { onError: (error) => errors.push(error) },
    )
    const answer = await exchange(host, ask('/'))
    expect(answer.split('\r\n\r\n')[1] ?? '').toHaveLength(text.length === 4 ? 4 : 0)
    expect(errors).toMatchObject([{ code: 'ERR_HTTP_CONTENT_LENGTH_MISMATCH' }])
  })

  it('cancels a body that is longer than its content-length', async () => {
    const body = manualBody()
    body.send('123456')
    const host = await open(
      () => new Response(body.stream, { headers: { 'content-length': '5' } }),
      { onError: () => {} },
    )
    await exchange(host, ask('/'))
    expect(await body.cancelled).toMatchObject({ code: 'ERR_HTTP_CONTENT_LENGTH_MISMATCH' })
  })

  it('breaks the connection if there is a content-length but no body', async () => {
    const host = await open(() => new Response(null, { headers: { 'content-length': '5' } }))
    const client = rawClient(host.port)
    client.send(ask('/'))
    await client.closed
    await host.ended()
  })

  it('breaks even for a client that reads nothing, after a second', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    const body = endlessBody()
    let controller: ReadableStreamDefaultController<Uint8Array> | undefined
    const host = await open(
      () =>
        new Response(
          new ReadableStream<Uint8Array>(
            {
              start: (own) => {
                controller = own
              },
              pull: (own) => own.enqueue(new Uint8Array(65_536)),
            },
            { highWaterMark: 0 },
          ),
        ),
      { onError: () => {} },
    )
    const client = rawClient(host.port)
    client.send(ask('/'))
    await client.until('\r\n\r\n')
    client.socket.pause()
    await body.idle()
    const [socket] = host.sockets
    const closed = new Promise((resolve) => socket?.on('close', resolve))
    controller?.error(new Error('cut'))
    await vi.waitUntil(() => vi.getTimerCount() > 0 || socket?.destroyed)
    await vi.advanceTimersByTimeAsync(1_000)
    await closed
    expect(vi.getTimerCount()).toBe(0)
  })

  it('calls onError with the error of the body, and leaves no timer', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    const reason = new Error('cut')
    const errors: unknown[] = []
    const body = manualBody()
    const host = await open(() => new Response(body.stream), { onError: (e) => errors.push(e) })
    const client = rawClient(host.port)
    client.send(ask('/'))
    await client.until('\r\n\r\n')
    body.fail(reason)
    await client.closed
    await host.ended()
    expect(errors).toEqual([reason])
    expect(vi.getTimerCount()).toBe(0)
  })

  it('emits no clientError on the server', async () => {
    const onClientError = vi.fn()
    const body = manualBody()
    const handle = toNodeHandler(() => new Response(body.stream))
    const server = createServer((req, res) => void handle(req, res)).on(
      'clientError',
      onClientError,
    )
    const host = await serverHost(server)
    opened.push(host)
    const client = rawClient(host.port)
    client.send(ask('/'))
    await client.until('\r\n\r\n')
    body.fail(new Error('cut'))
    await client.closed
    expect(onClientError).not.toHaveBeenCalled()
  })
})

describe('a response that cannot be sent', () => {
  it.each<[string, () => unknown, RegExp]>([
    ['nothing', () => undefined, /must return a Response: got undefined/],
    ['another object', () => ({ statusCode: 200 }), /must return a Response/],
    ['a network error', () => Response.error(), /status of a response must be >= 200: got 0/],
    [
      'a header that Node refuses',
      () =>
        new Response(chunks('x'), {
          headers: { 'set-cookie': 'secret=1', 'x-good': '1', 'x-secret': 'a\u0001' },
        }),
      /Invalid character in header content/,
    ],
    [
      'a body that was read',
      async () => {
        const response = new Response('x')
        await response.text()
        return response
      },
      /its body has been read/,
    ],
    [
      'a locked body',
      () => {
        const response = new Response('x')
        response.body?.getReader()
        return response
      },
      /locked/,
    ],
  ])('is a clean 500 without details, for %s', async (_, make, message) => {
    const errors: Error[] = []
    const host = await open(make as FetchHandler, { onError: (e) => errors.push(e as Error) })
    const answer = await exchange(host, ask('/', 'GET', '1.1', CLOSE))
    expect(answer).toMatch(/^HTTP\/1\.1 500 Internal Server Error\r\n/)
    expect(answer).toContain('content-length: 0\r\n')
    expect(answer).not.toMatch(/x-good|secret/)
    expect(errors.map((error) => error.message)).toEqual([expect.stringMatching(message)])
  })

  it.each([204, 205, 304])(
    'is a head alone for a %i of another fetch that has a body',
    async (status) => {
      const body = endlessBody()
      const foreign = {
        status,
        statusText: '',
        headers: new Headers(),
        body: body.stream,
        bodyUsed: false,
      }
      const host = await open(() => foreign as unknown as Response)
      const answer = await exchange(host, ask('/', 'GET', '1.1', CLOSE))
      expect(answer).toMatch(/\r\n\r\n$/)
      await body.cancelled
      expect(body.bytes).toBe(0)
    },
  )

  it('cancels the body of the response', async () => {
    const body = manualBody()
    const host = await open(() => new Response(body.stream, { headers: { 'x-bad': 'a\u0001' } }), {
      onError: () => {},
    })
    await exchange(host, ask('/', 'GET', '1.1', CLOSE))
    expect(await body.cancelled).toBeInstanceOf(TypeError)
  })

  it('keeps the headers of middleware, except those about a body', async () => {
    const handle = toNodeHandler(() => Promise.reject(new Error('thrown')), { onError: () => {} })
    const host = await openRaw((req, res) => {
      res.setHeader('access-control-allow-origin', '*')
      res.setHeader('content-type', 'text/event-stream')
      res.setHeader('content-encoding', 'gzip')
      res.setHeader('content-length', '5')
      void handle(req, res)
    })
    const answer = await exchange(host, ask('/', 'GET', '1.1', CLOSE))
    expect(answer).toMatch(/^HTTP\/1\.1 500 [\s\S]*access-control-allow-origin: \*\r\n/)
    expect(answer).toContain('content-length: 0\r\n')
    expect(answer).not.toMatch(/event-stream|gzip/)
  })

  it('adds nothing to a cookie of middleware', async () => {
    const handle = toNodeHandler(
      () => new Response('x', { headers: { 'set-cookie': 'secret=1', 'x-bad': 'a\u0001' } }),
      { onError: () => {} },
    )
    const host = await openRaw((req, res) => {
      res.setHeader('set-cookie', ['a=1'])
      void handle(req, res)
    })
    const answer = await exchange(host, ask('/', 'GET', '1.1', CLOSE))
    expect(answer).toMatch(/^HTTP\/1\.1 500 /)
    expect(answer.match(/set-cookie: .*/g)).toEqual(['set-cookie: a=1'])
  })

  it('passes the error to next with only the headers that middleware set', async () => {
    const reason = new Error('thrown')
    const handle = toNodeHandler(() => Promise.reject(reason))
    const host = await openRaw((req, res) => {
      res.setHeader('x-middleware', '1')
      void handle(req, res, (error) => res.end(`next: ${error === reason} ${res.getHeaderNames()}`))
    })
    const answer = await exchange(host, ask('/', 'GET', '1.1', CLOSE))
    expect(answer).toMatch(/next: true x-middleware$/)
  })

  it('reports a hook that throws as a warning, and still responds', async () => {
    const warnings: Error[] = []
    const onWarning = (warning: Error): void => void warnings.push(warning)
    process.on('warning', onWarning)
    const host = await open(() => Promise.reject(new Error('first')), {
      onError: () => {
        throw new Error('second')
      },
    })
    expect(await exchange(host, ask('/', 'GET', '1.1', CLOSE))).toMatch(/^HTTP\/1\.1 500 /)
    await vi.waitUntil(() => warnings.length > 0)
    process.off('warning', onWarning)
    expect(warnings[0]?.cause).toMatchObject({ message: 'second' })
  })
})

describe('with middleware', () => {
  it('keeps its headers, and combines cookies and vary', async () => {
    const handle = toNodeHandler(
      () =>
        new Response('x', {
          headers: { 'set-cookie': 'b=2', vary: 'accept', 'x-both': 'response' },
        }),
    )
    const host = await openRaw((req, res) => {
      res.setHeader('set-cookie', 'a=1')
      res.setHeader('vary', 'origin')
      res.setHeader('x-both', 'middleware')
      res.setHeader('x-own', '1')
      void handle(req, res)
    })
    const response = await fetch(`http://127.0.0.1:${host.port}/`)
    expect(response.headers.getSetCookie()).toEqual(['a=1', 'b=2'])
    expect(response.headers.get('vary')).toBe('origin, accept')
    expect(response.headers.get('x-both')).toBe('response')
    expect(response.headers.get('x-own')).toBe('1')
    await response.text()
  })

  it('leaves an earlier response alone and does not call the handler', async () => {
    const handler = vi.fn(() => new Response('late'))
    const errors: unknown[] = []
    const handle = toNodeHandler(handler, { onError: (error) => errors.push(error) })
    const next = vi.fn()
    const host = await openRaw((req, res) => {
      res.end('first')
      void handle(req, res, next)
    })
    expect(await exchange(host, ask('/', 'GET', '1.1', CLOSE))).toMatch(/\r\n\r\nfirst$/)
    expect(handler).not.toHaveBeenCalled()
    expect(next).not.toHaveBeenCalled()
    expect(errors).toMatchObject([{ message: expect.stringMatching(/sent already/) }])
  })

  it('cancels the body of a response if another has been started', async () => {
    const body = manualBody()
    const errors: unknown[] = []
    const done = deferred<void>()
    const handle = toNodeHandler(() => new Response(body.stream), {
      onError: (e) => errors.push(e),
    })
    const host = await openRaw((req, res) => {
      void handle(req, res).then(done.resolve)
      res.write('time')
      void body.cancelled.then(() => res.end('out'))
    })
    expect(await exchange(host, ask('/', 'GET', '1.1', CLOSE))).toMatch(/time[\s\S]*out/)
    await done.promise
    expect(errors).toHaveLength(1)
  })

  it('cancels the body when middleware ends the response in the middle', async () => {
    const body = manualBody()
    const done = deferred<void>()
    const handle = toNodeHandler(() => new Response(body.stream))
    const host = await openRaw((req, res) => {
      void handle(req, res).then(done.resolve)
      req.on('close', () => {})
      setImmediate(() => res.end('cut off'))
    })
    expect(await exchange(host, ask('/', 'GET', '1.1', CLOSE))).toMatch(/cut off/)
    expect(await body.cancelled).toMatchObject({ name: 'AbortError' })
    await done.promise
  })

  it('writes no head to a response that middleware has ended in the same turn', async () => {
    const onError = vi.fn()
    const handle = toNodeHandler(() => new Response(manualBody().stream))
    const host = await openRaw((req, res) => {
      res.on('error', onError)
      const { writeHead } = res
      res.writeHead = ((status: number) => {
        writeHead.call(res, status)
        queueMicrotask(() => res.end('cut off'))
        return res
      }) as typeof res.writeHead
      void handle(req, res)
    })
    expect(await exchange(host, ask('/', 'GET', '1.1', CLOSE))).toMatch(/cut off/)
    expect(onError).not.toHaveBeenCalled()
  })

  it('survives a chunk after middleware has ended a response that is not flushed yet', async () => {
    const first = manualBody()
    const second = manualBody()
    const handle = toNodeHandler(
      (request) => new Response(request.url.endsWith('/1') ? first.stream : second.stream),
    )
    const host = await openRaw((req, res) => {
      void handle(req, res)
      if (req.url === '/1') return
      // Pipelined after the first one, it has ended and is queued.
      setImmediate(() => {
        res.end('cut off')
        second.send('too late')
      })
    })
    const client = rawClient(host.port)
    client.send(ask('/1') + ask('/2'))
    expect(await second.cancelled).toMatchObject({ name: 'AbortError' })
    first.close()
    expect(await client.until('cut off')).not.toMatch(/too late/)
    client.socket.destroy()
  })

  it('does not call the handler if the client left during middleware', async () => {
    const handler = vi.fn(() => new Response('x'))
    const handle = toNodeHandler(handler)
    const done = deferred<void>()
    const arrived = deferred<void>()
    const host = await openRaw((req, res) => {
      arrived.resolve()
      res.on('close', () => void handle(req, res).then(done.resolve))
    })
    const client = rawClient(host.port)
    client.send(ask('/'))
    await arrived.promise
    client.socket.destroy()
    await done.promise
    expect(handler).not.toHaveBeenCalled()
  })
})

describe('the end of an exchange', () => {
  it('leaves no listener on request, response and socket, on every path', async () => {
    const counts: Record<string, number>[] = []
    const count = (req: IncomingMessage, res: ServerResponse): Record<string, number> => {
      const names = ['close', 'error', 'drain', 'data', 'end', 'finish']
      return Object.fromEntries(
        names.map((name) => [
          name,
          // Node's own, if the response ends before the parser has seen the end of the request.
          [req, res, req.socket].flatMap((emitter) =>
            emitter.listeners(name).filter((listener) => listener.name !== 'clearIncoming'),
          ).length,
        ]),
      )
    }
    const bodies: Record<string, () => Response> = {
      '/whole': () => new Response(chunks('a', 'b')),
      '/null': () => new Response(null),
      '/broken': () => new Response(new ReadableStream({ pull: (c) => c.error(new Error('cut')) })),
      '/left': () => new Response(endlessBody().stream),
    }
    const handle = toNodeHandler(
      async (request) => {
        await request.text()
        return bodies[new URL(request.url).pathname]?.() ?? Promise.reject(new Error('none'))
      },
      { onError: () => {} },
    )
    let done = deferred<void>()
    const host = await openRaw((req, res) => {
      // Before: with Node's own listeners. After: Node has removed its own, or left them.
      const before = count(req, res)
      void handle(req, res).then(() => {
        const after = count(req, res)
        counts.push(
          Object.fromEntries(
            Object.keys(after).map((name) => [
              name,
              Math.max(0, (after[name] ?? 0) - (before[name] ?? 0)),
            ]),
          ),
        )
        done.resolve()
      })
    })
    for (const path of [...Object.keys(bodies), '/thrown']) {
      done = deferred<void>()
      const client = rawClient(host.port)
      client.send(post(path, '{}'))
      if (path === '/left') {
        await client.until('\r\n\r\n')
        client.socket.destroy()
      }
      await done.promise
      client.socket.destroy()
    }
    expect(counts).toHaveLength(5)
    for (const each of counts) expect(Object.values(each)).toEqual([0, 0, 0, 0, 0, 0])
  })

  it.each<[string, FetchHandler]>([
    ['before it reads the body', () => new Response('no', { status: 413 })],
    [
      'after the first chunk of the body',
      async (request) => {
        await request.body?.getReader().read()
        return new Response('no', { status: 413 })
      },
    ],
  ])('keeps the connection of an upload that the handler refuses %s', async (_, refuse) => {
    const host = await open((request) =>
      request.method === 'GET' ? new Response('next') : refuse(request),
    )
    const client = rawClient(host.port)
    const body = 'x'.repeat(300_000)
    const upload = post('/', body)
    client.send(upload.slice(0, -200_000))
    await client.until('HTTP/1.1 413')
    client.send(upload.slice(-200_000) + ask('/next', 'GET', '1.1', CLOSE))
    await client.closed
    expect(client.text.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 413', 'HTTP/1.1 200'])
    expect(client.text).toMatch(/\r\n\r\n(4\r\n)?next/)
    await host.ended()
  })

  it('aborts a pipelined request whose response is still queued', async () => {
    const first = manualBody()
    const second = deferred<AbortSignal>()
    const host = await open((request) => {
      if (request.url.endsWith('/1')) return new Response(first.stream)
      second.resolve(request.signal)
      return new Promise<Response>(() => {})
    })
    const client = rawClient(host.port)
    client.send(ask('/1') + post('/2', '{}'))
    const signal = await second.promise
    client.socket.destroy()
    if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve))
    expect(await first.cancelled).toMatchObject({ name: 'AbortError' })
    await host.ended()
  })

  it('aborts a signal whose request was garbage-collected', async () => {
    setFlagsFromString('--expose-gc')
    const collect = runInNewContext('gc') as () => void
    const asked = deferred<AbortSignal>()
    const host = await open((request) => {
      asked.resolve(request.signal)
      return new Promise<Response>(() => {})
    })
    const client = rawClient(host.port)
    client.send(ask('/'))
    const signal = await asked.promise
    for (let i = 0; i < 5; i++) {
      await new Promise((resolve) => setImmediate(resolve))
      collect()
    }
    client.socket.destroy()
    await new Promise((resolve) => signal.addEventListener('abort', resolve))
  })

  it('ignores only a cancel that fails and an error after the client has left', async () => {
    const asked = deferred<void>()
    const errors: unknown[] = []
    const host = await open(
      (request) => {
        if (request.url.endsWith('/cancel')) {
          return new Response(
            new ReadableStream({ cancel: () => Promise.reject(new Error('cancel failed')) }),
          )
        }
        asked.resolve()
        return new Promise((_, reject) => {
          request.signal.addEventListener('abort', () => reject(request.signal.reason))
        })
      },
      { onError: (error) => errors.push(error) },
    )
    const client = rawClient(host.port)
    client.send(ask('/cancel'))
    await client.until('\r\n\r\n')
    client.socket.destroy()
    const other = rawClient(host.port)
    other.send(ask('/abort'))
    await asked.promise
    other.socket.destroy()
    await host.ended()
    expect(errors).toEqual([])
  })
})

describe('toNodeHandler', () => {
  it('requires a function', () => {
    expect(() => toNodeHandler(undefined as unknown as FetchHandler)).toThrow(
      new TypeError('handler must be a function: got undefined'),
    )
  })
})

describe('a response that Node rejects', () => {
  const bytes = (): ReadableStream<Uint8Array> => chunks('abc')
  const headers = (...pairs: [string, string][]): unknown => pairs
  const strange: [string, () => unknown][] = [
    ['a status text with a line break', () => ({ status: 200, statusText: 'a\nb', headers: [] })],
    [
      'the same, with a body',
      () => ({ status: 200, statusText: 'a\nb', headers: [], body: bytes() }),
    ],
    [
      'trailers that are not framed',
      () => new Response('abc', { headers: { trailer: 'x-sum', 'content-length': '3' } }),
    ],
    [
      'trailers without a body',
      () => new Response(null, { status: 204, headers: { trailer: 'x-sum' } }),
    ],
    ['a header name with a space', () => ({ status: 200, headers: headers(['a b', 'c']) })],
    ['a header value with a line break', () => ({ status: 200, headers: headers(['a', 'b\nc']) })],
    ['headers that are no pairs', () => ({ status: 200, headers: [1] })],
    ['a body that is no stream', () => ({ status: 200, headers: [], body: {} })],
    [
      'a body that throws when it is cancelled',
      () => ({
        status: 200,
        statusText: 'a\nb',
        headers: [],
        body: {
          getReader: () => ({ closed: new Promise(() => {}) }),
          cancel: () => {
            throw new Error('no')
          },
        },
      }),
    ],
  ]

  it.each(strange)('is a 500 and one report: %s', async (_, make) => {
    const errors: unknown[] = []
    const onError = (error: unknown): void => void errors.push(error)
    const handle = toNodeHandler(() => make() as Response, { onError })
    const exchanges: Promise<void>[] = []
    const host = await openRaw((req, res) => {
      res.setHeader('access-control-allow-origin', '*')
      exchanges.push(handle(req, res))
    })
    const text = await exchange(host, ask('/', 'GET', '1.1', CLOSE))
    expect(text).toMatch(/^HTTP\/1\.1 500 Internal Server Error\r\n/)
    expect(text).toMatch(/\r\naccess-control-allow-origin: \*\r\n/)
    expect(text).toMatch(/\r\n\r\n$/)
    expect(text).not.toMatch(/trailer|x-sum|abc/)
    expect(errors).toHaveLength(1)
    await within('end of every exchange', Promise.all(exchanges))
  })

  it.each<[string, object]>([
    ['has no closed promise', { read: () => new Promise(() => {}), cancel: () => {} }],
    ['gives no result', { closed: new Promise(() => {}), read: async () => {}, cancel: () => {} }],
  ])('breaks the connection when the reader of its body %s', async (_, reader) => {
    const errors: unknown[] = []
    const response = { status: 200, headers: [], body: { getReader: () => reader } }
    const host = await open(() => response as unknown as Response, {
      onError: (error) => void errors.push(error),
    })
    expect(await exchange(host, ask('/', 'GET', '1.1', CLOSE))).not.toMatch(/0\r\n\r\n$/)
    expect(errors).toHaveLength(1)
    await host.ended()
  })
})

describe('a client that closes its side of the connection after the request', () => {
  const half = async (allowsHalfOpen: boolean): Promise<string> => {
    const asked = deferred<AbortSignal>()
    const answer = deferred<Response>()
    const handle = toNodeHandler((request) => {
      asked.resolve(request.signal)
      return answer.promise
    })
    const server = createServer((req, res) => void handle(req, res))
    Object.assign(server, { httpAllowHalfOpen: allowsHalfOpen })
    const host = await serverHost(server)
    opened.push(host)
    const ended = new Promise<void>((resolve) => {
      server.on('connection', (socket) => socket.on('end', resolve))
    })
    const client = rawClient(host.port, { allowHalfOpen: true })
    client.send(ask('/'))
    const signal = await asked.promise
    client.socket.end()
    await ended
    if (!allowsHalfOpen) {
      if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve))
    }
    answer.resolve(new Response(chunks('data: 1\n\n', 'data: 2\n\n')))
    await client.closed
    return client.text
  }

  it('gets its whole response from a server with httpAllowHalfOpen', async () => {
    expect(await half(true)).toMatch(/^HTTP\/1\.1 200 OK\r\n[\s\S]*data: 2\n\n\r\n0\r\n\r\n$/)
  })

  it('counts as gone for any other server, which ends the connection by itself', async () => {
    expect(await half(false)).toBe('')
  })
})
