import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gzipSync } from 'node:zlib'
import express from 'express'
import Fastify from 'fastify'
import { type NodeRequest, toNodeHandler } from 'sse-stream-kit/node'
import { afterEach, describe, expect, it, vi } from 'vitest'
import {
  expressHost,
  type FetchHandler,
  type Host,
  nodeHost,
  serverHost,
} from '../support/http/hosts.ts'
import { ask, post, rawClient } from '../support/http/raw-client.ts'
import { deferred } from './manual-body.ts'

const opened: Host[] = []
afterEach(async () => {
  await Promise.all(opened.splice(0).map((host) => host.close()))
})
const keep = <T extends Host>(host: T): T => {
  opened.push(host)
  return host
}
const open = async (handler: FetchHandler): Promise<Host> => keep(await nodeHost(handler))

async function exchange(host: Host, request: string): Promise<string> {
  const client = rawClient(host.port)
  client.send(request)
  await client.closed
  return client.text
}

/** Echoes the request. */
const echo: FetchHandler = async (request) =>
  Response.json({
    length: request.headers.get('content-length'),
    coding: request.headers.get('content-encoding'),
    body: await request.text(),
  })

const CLOSE = 'connection: close\r\n'

describe('the URL of a request', () => {
  const urlOf: FetchHandler = (request) => new Response(`<${request.url}>`)

  it.each([
    ['/a?b#c', '<http://test/a?b#c>'],
    ['//evil.test/x', '<http://test//evil.test/x>'],
    ['/\\evil.test', '<http://test//evil.test>'],
    ['/a/%2e%2e/b', '<http://test/b>'],
    ['http://test/x?y', '<http://test/x?y>'],
    ['https://evil.test:81/x?y', '<http://test/x?y>'],
    ['https://user:key@evil.test?y', '<http://test/?y>'],
  ])('of the target %s is on its own host', async (target, url) => {
    const host = await open(urlOf)
    expect(await exchange(host, ask(target, 'GET', '1.1', CLOSE))).toContain(url)
  })

  it('of the target * has the path /*', async () => {
    const host = await open(urlOf)
    expect(await exchange(host, ask('*', 'OPTIONS', '1.1', CLOSE))).toContain('<http://test/*>')
  })

  it('needs no host with HTTP/1.0', async () => {
    const host = await open(urlOf)
    expect(await exchange(host, 'GET /x HTTP/1.0\r\n\r\n')).toContain('<http://localhost/x>')
  })

  it.each(['evil.test/v1?', 'user@evil.test', 'a b', '[', 'a:b:c', 'a\\b', ''])(
    'is refused with a 400, unseen by the handler, for the host "%s"',
    async (name) => {
      const handler = vi.fn(urlOf)
      const host = await open(handler)
      const answer = await exchange(host, `GET / HTTP/1.1\r\nhost: ${name}\r\n${CLOSE}\r\n`)
      expect(answer).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n/)
      expect(handler).not.toHaveBeenCalled()
    },
  )

  it('is rejected with a 400 for a scheme other than http, and for a method that fetch forbids', async () => {
    const host = await open(urlOf)
    expect(await exchange(host, ask('ftp://x/y', 'GET', '1.1', CLOSE))).toMatch(/^HTTP\/1\.1 400 /)
    expect(await exchange(host, ask('/', 'TRACE', '1.1', CLOSE))).toMatch(/^HTTP\/1\.1 400 /)
  })

  it('does not exist for CONNECT: Node closes the connection', async () => {
    const handler = vi.fn(urlOf)
    const host = await open(handler)
    expect(await exchange(host, ask('evil.test:443', 'CONNECT'))).toBe('')
    expect(handler).not.toHaveBeenCalled()
  })

  it('goes to next as an error with the status 400', async () => {
    const host = keep(await expressHost(urlOf))
    const answer = await exchange(host, `GET / HTTP/1.1\r\nhost: a b\r\n${CLOSE}\r\n`)
    expect(answer).toMatch(/^HTTP\/1\.1 400 [\s\S]*handled by next: The host must be/)
  })
})

/** It does not arrive in the packet of the head. */
const LONG = 'x'.repeat(200_000)

describe('the body of a request', () => {
  it('is null if there is none', async () => {
    const host = await open((request) => new Response(String(request.body)))
    for (const request of [
      ask('/', 'GET', '1.1', CLOSE),
      ask('/', 'DELETE', '1.1', CLOSE),
      post('/', '', 'text/plain', CLOSE),
    ]) {
      expect(await exchange(host, request)).toMatch(/null/)
    }
  })

  it('streams while it is being sent', async () => {
    const host = await open((request) => new Response(request.body))
    const client = rawClient(host.port)
    client.send('POST / HTTP/1.1\r\nhost: test\r\ntransfer-encoding: chunked\r\n\r\n')
    await client.until('\r\n\r\n')
    client.send('3\r\none\r\n')
    await client.until('one')
    client.send('3\r\ntwo\r\n0\r\n\r\n')
    await client.until('two\r\n0\r\n\r\n')
    client.socket.destroy()
  })

  it('is read from the socket only on demand', async () => {
    const asked = deferred<ReadableStreamDefaultReader<Uint8Array>>()
    const host = await open((request) => {
      if (request.body) asked.resolve(request.body.getReader())
      return new Promise<Response>(() => {})
    })
    const client = rawClient(host.port)
    client.send(`POST / HTTP/1.1\r\nhost: test\r\ncontent-length: 64000000\r\n\r\n`)
    client.socket.write(Buffer.alloc(64_000_000))
    const reader = await asked.promise
    await reader.read()
    for (let turn = 0; turn < 300; turn++) await new Promise((next) => setImmediate(next))
    const [socket] = host.sockets
    // Loopback buffers some MiB.
    expect(socket?.bytesRead).toBeLessThan(16_000_000)
    await reader.cancel()
    client.socket.destroy()
  })

  it('can be cancelled: the response still arrives and the connection serves the next request', async () => {
    const host = await open(async (request) => {
      const reader = request.body?.getReader()
      await reader?.read()
      await reader?.cancel(new Error('the upstream refused'))
      return new Response('refused', { status: 502 })
    })
    const client = rawClient(host.port)
    client.send('POST / HTTP/1.1\r\nhost: test\r\ncontent-length: 200000\r\n\r\nstart')
    await client.until('refused')
    client.socket.write(Buffer.alloc(199_995))
    client.send(post('/', 'again', 'text/plain', CLOSE))
    await client.closed
    expect(client.text.match(/HTTP\/1\.1 502 /g)).toHaveLength(2)
  })

  it('is discarded if the handler did not read all of it, so that the connection can be reused', async () => {
    const host = await open(async (request) => {
      if (request.url.endsWith('/half')) await request.body?.getReader().read()
      return new Response('answered')
    })
    for (const path of ['/unread', '/half']) {
      const client = rawClient(host.port)
      client.send(`POST ${path} HTTP/1.1\r\nhost: test\r\ncontent-length: 200000\r\n\r\nstart`)
      await client.until('answered')
      client.socket.write(Buffer.alloc(199_995))
      client.send(ask('/next', 'GET', '1.1', CLOSE))
      await client.closed
      expect(client.text.match(/HTTP\/1\.1 200 /g)).toHaveLength(2)
    }
    await host.ended()
  })

  it('errors when the client leaves in the middle, and never looks complete', async () => {
    const failed = deferred<unknown>()
    const asked = deferred<void>()
    const host = await open(async (request) => {
      asked.resolve()
      await request.text().catch(failed.resolve)
      return new Response('x')
    })
    const client = rawClient(host.port)
    client.send('POST / HTTP/1.1\r\nhost: test\r\ncontent-length: 10\r\n\r\nstart')
    await asked.promise
    client.socket.destroy()
    expect(await failed.promise).toMatchObject({ name: 'AbortError' })
    await host.ended()
  })

  it('errors if it was consumed elsewhere in the meantime, instead of waiting forever', async () => {
    const taken = deferred<void>()
    const failed = deferred<unknown>()
    const handle = toNodeHandler(async (request) => {
      await taken.promise
      await request.text().catch(failed.resolve)
      return new Response('x')
    })
    const host = keep(
      await serverHost(
        createServer((req, res) => {
          void handle(req, res)
          // Once the handler has it.
          setImmediate(() => req.on('close', taken.resolve).resume())
        }),
      ),
    )
    expect(await exchange(host, post('/', LONG, 'text/plain', CLOSE))).toMatch(/ 200 /)
    expect(await failed.promise).toMatchObject({ name: 'AbortError' })
  })

  it('is not lost if someone has set an encoding', async () => {
    const handle = toNodeHandler(async (request) => {
      const failed = await request.text().catch((error: unknown) => error)
      return new Response(failed instanceof TypeError ? 'refused' : String(failed))
    })
    const host = keep(
      await serverHost(createServer((req, res) => void handle(req.setEncoding('utf8'), res))),
    )
    expect(await exchange(host, post('/', 'body', 'text/plain', CLOSE))).toMatch(/refused|body/)
  })

  it('errors for a reader after the end of the exchange', async () => {
    const late = deferred<Request>()
    const host = await open((request) => {
      late.resolve(request)
      return new Response('x')
    })
    const answer = await exchange(host, post('/', LONG, 'text/plain', CLOSE))
    expect(answer).toMatch(/ 200 /)
    await host.ended()
    await expect((await late.promise).text()).rejects.toMatchObject({ name: 'AbortError' })
  })
})

describe('a body that a parser has read', () => {
  it.each([
    ['application/json', '{ "a": [1, "\u00e9"] }', '{"a":[1,"\u00e9"]}'],
    ['application/json; charset=utf-8', '[]', '[]'],
    ['application/x-www-form-urlencoded', 'a=1&b=x+y&a=2', 'a=1&a=2&b=x+y'],
    ['text/plain', 'as it is\n', 'as it is\n'],
    ['image/png', '\u0001\u0002', '\u0001\u0002'],
    ['application/other', 'unparsed', 'unparsed'],
  ])('is rebuilt: %s', async (type, sent, body) => {
    const host = keep(await expressHost(echo))
    const response = await fetch(`http://127.0.0.1:${host.port}/`, {
      method: 'POST',
      headers: { 'content-type': type },
      body: sent,
    })
    const length = String(Buffer.byteLength(body))
    expect(await response.json()).toEqual({ length, coding: null, body })
  })

  it('has the length of the decoded body, and no coding', async () => {
    const host = keep(await expressHost(echo))
    const response = await fetch(`http://127.0.0.1:${host.port}/`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'content-encoding': 'gzip' },
      body: gzipSync('{"a":1}'),
    })
    expect(await response.json()).toEqual({ length: '7', coding: null, body: '{"a":1}' })
  })

  it('has a content-length instead of chunks', async () => {
    const host = keep(
      await expressHost((request) => Response.json([...request.headers].map(([name]) => name))),
    )
    const chunked = `POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\ncontent-type: application/json\r\n${CLOSE}\r\n2\r\n{}\r\n0\r\n\r\n`
    const answer = await exchange(host, chunked)
    expect(answer).toContain('["connection","content-length","content-type","host"]')
  })

  it('uses the bytes that a host kept, also if it did not read the request', async () => {
    const handle = toNodeHandler(echo)
    const host = keep(
      await serverHost(
        createServer(
          (req, res) => void handle(Object.assign(req, { rawBody: Buffer.from('kept') }), res),
        ),
      ),
    )
    expect(await exchange(host, post('/', 'sent', 'text/plain', CLOSE))).toContain('"body":"kept"')
  })

  it.each<[string, string, Partial<NodeRequest>, string]>([
    ['the bytes a host kept', 'application/json', { rawBody: Buffer.from('{ }'), body: {} }, '{ }'],
    ['bytes', 'application/json', { body: Buffer.from('[ ]') }, '[ ]'],
    ['JSON text', 'application/json', { body: '{ "a":1 }' }, '{ "a":1 }'],
    ['a JSON string', 'application/json', { body: 'text' }, '"text"'],
    ['null', 'application/vnd.api+json', { body: null }, 'null'],
    [
      'a nested form',
      'application/x-www-form-urlencoded',
      { body: { a: { b: ['1', '2'] }, c: [{ d: 'x' }] } },
      'a%5Bb%5D=1&a%5Bb%5D=2&c%5B0%5D%5Bd%5D=x',
    ],
    ['an object of an unknown type', 'application/x-own', { body: { a: 1 } }, '{"a":1}'],
  ])('is rebuilt from %s', async (_, type, left, body) => {
    const handle = toNodeHandler(echo)
    const server = createServer(async (req, res) => {
      for await (const _chunk of req);
      void handle(Object.assign(req, left), res)
    })
    const host = keep(await serverHost(server))
    const answer = await exchange(host, post('/', 'whatever was sent', type, CLOSE))
    expect(answer).toContain(JSON.stringify({ length: String(body.length), coding: null, body }))
  })

  it('is rejected with a clear error if it cannot be restored: multipart, or read and not kept', async () => {
    for (const [type, left] of [
      ['multipart/form-data; boundary=x', { body: { a: '1' } }],
      ['application/json', {}],
    ] as const) {
      const errors: Error[] = []
      const handler = vi.fn(echo)
      const handle = toNodeHandler(handler, { onError: (error) => errors.push(error as Error) })
      const server = createServer(async (req, res) => {
        for await (const _chunk of req);
        void handle(Object.assign(req, left), res)
      })
      const host = keep(await serverHost(server))
      expect(await exchange(host, post('/', '{}', type, CLOSE))).toMatch(/^HTTP\/1\.1 500 /)
      expect(errors[0]?.message).toMatch(
        /^Cannot read the request body: it has been read already .*Mount the handler before/,
      )
      expect(handler).not.toHaveBeenCalled()
    }
  })

  it('is ignored if a parser set {} without reading', async () => {
    const handle = toNodeHandler(echo)
    const host = keep(
      await serverHost(
        createServer(
          (req: IncomingMessage, res) => void handle(Object.assign(req, { body: {} }), res),
        ),
      ),
    )
    expect(await exchange(host, post('/', 'raw', 'text/x', CLOSE))).toContain('"body":"raw"')
  })

  it("is taken from Fastify's own parsers if it is passed on", async () => {
    const handle = toNodeHandler(echo)
    const app = Fastify()
    app.post('/*', (request, reply) => {
      reply.hijack()
      return handle(Object.assign(request.raw, { body: request.body }), reply.raw)
    })
    await app.listen({ port: 0, host: '127.0.0.1' })
    const { port } = app.server.address() as AddressInfo
    const response = await fetch(`http://127.0.0.1:${port}/x`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{ "a": 1 }',
    })
    expect(await response.json()).toMatchObject({ body: '{"a":1}' })
    await app.close()
  })

  it('uses the path that Express leaves when mounted below another', async () => {
    const app = express()
    app.use(
      '/openai',
      toNodeHandler((request) => new Response(new URL(request.url).pathname)),
    )
    const host = keep(await serverHost(createServer(app)))
    const response = await fetch(`http://127.0.0.1:${host.port}/openai/v1/models`)
    expect(await response.text()).toBe('/v1/models')
  })
})
