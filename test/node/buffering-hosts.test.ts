import { createServer } from 'node:http'
import compression from 'compression'
import express from 'express'
import Fastify from 'fastify'
import {
  EventMap,
  HeartbeatInjector,
  SseDecoder,
  SseEncoder,
  sseProxy,
  sseResponse,
} from 'sse-stream-kit'
import { toNodeHandler } from 'sse-stream-kit/node'
import { fakeUpstream, gate, step } from 'sse-stream-kit/testing'
import { describe, expect, it, onTestFinished } from 'vitest'
import { type FetchHandler, type Host, serverHost } from '../support/http/hosts.ts'
import { rawClient } from '../support/http/raw-client.ts'
import { manualBody } from './manual-body.ts'

const GET = 'GET /v1 HTTP/1.1\r\nhost: a\r\naccept-encoding: gzip, br\r\n\r\n'
const SSE = { 'content-type': 'text/event-stream' }

const opened = (host: Host): Host => {
  onTestFinished(() => host.close())
  return host
}

/** Express with compression, as in most apps. */
async function compressingExpress(handler: FetchHandler): Promise<Host> {
  const app = express()
  app.use(compression({ threshold: 0 }))
  app.get('/v1', toNodeHandler(handler))
  return opened(await serverHost(createServer(app)))
}

/** Fastify with a handler that returns its `Response`. */
async function returningFastify(handler: FetchHandler): Promise<Host> {
  const app = Fastify()
  app.get('/v1', () => handler(new Request('http://a/v1')))
  await app.listen({ port: 0, host: '127.0.0.1' })
  return opened(await serverHost(app.server))
}

describe('a pipeline behind compression() of Express', () => {
  const pipeline = (body: ReadableStream<Uint8Array>): ReadableStream<Uint8Array> =>
    body
      .pipeThrough(new SseDecoder())
      .pipeThrough(new EventMap((event) => ({ ...event, data: event.data.toUpperCase() })))
      .pipeThrough(new SseEncoder())
      .pipeThrough(new HeartbeatInjector())

  it('reaches its client event by event with sseResponse', async () => {
    const source = manualBody()
    const host = await compressingExpress(() => sseResponse(pipeline(source.stream)))
    const client = rawClient(host.port)
    client.send(GET)
    source.send('data: one\n\n')
    expect(await client.until('data: ONE\n\n')).not.toMatch(/content-encoding/i)
    source.send('data: two\n\n')
    await client.until('data: TWO\n\n')
    source.close()
    await client.until('\r\n0\r\n\r\n')
  })

  it('is buffered with a plain Response, which sseResponse prevents', async () => {
    const source = manualBody()
    const host = await compressingExpress(
      () => new Response(pipeline(source.stream), { headers: SSE }),
    )
    const client = rawClient(host.port)
    client.send(GET)
    source.send('data: one\n\n')
    source.close()
    expect(await client.until('\r\n0\r\n\r\n')).toMatch(/content-encoding: (br|gzip)/i)
  })
})

describe('a response that Fastify sends', () => {
  it('sends its head and a comment before the first event', async () => {
    const source = manualBody()
    const host = await returningFastify(() =>
      sseResponse(source.stream, { heartbeat: { atStart: true } }),
    )
    const client = rawClient(host.port)
    client.send(GET)
    expect(await client.until(': keepalive\n\n')).toMatch(/^HTTP\/1\.1 200 OK\r\n/)
    source.send('data: 1\n\n')
    await client.until('data: 1\n\n')
    source.close()
  })

  it.each([
    ['/v1/chat/completions', ': keepalive\n\n'],
    ['/v1beta/models/gemini-2.5-flash:streamGenerateContent', '\n'],
  ])('of the proxy has so too, for %s', async (path, frame) => {
    const release = gate()
    const upstream = fakeUpstream([
      step.status(200),
      step.until(release.opened),
      step.raw('\ufeffdata: 1\n\n'),
    ])
    const proxy = sseProxy(await upstream.listen(), { heartbeat: { atStart: true } })
    onTestFinished(async () => {
      await proxy.close({ drainMs: 0 })
      await upstream.close()
    })
    const host = await returningFastify(() => proxy(new Request(`http://a${path}`)))
    const client = rawClient(host.port)
    client.send(GET)
    await client.until(`\r\n\r\n${frame.length}\r\n`.replace('13', 'd'))
    release.open()
    const text = await client.until('data: 1\n\n')
    // The byte order mark is dropped: it would not be first any more.
    expect(text.split('\r\n\r\n')[1]).toMatch(/^(d\r\n: keepalive\n\n|1\r\n\n)\r\n9\r\ndata: 1\n\n/)
  })
})
