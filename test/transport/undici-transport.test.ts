import { once } from 'node:events'
import { constants, createSecureServer, type ServerHttp2Stream } from 'node:http2'
import { type AddressInfo, createServer } from 'node:net'
import { proxyFetch } from 'sse-stream-kit'
import { fakeUpstream, step, streamOf } from 'sse-stream-kit/testing'
import { Agent, type Dispatcher } from 'undici'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { Aborter } from '../../src/base/aborter.ts'
import { undiciTransport } from '../../src/transport/undici-transport.ts'
import { loopbackCertificate } from '../support/loopback-certificate.ts'
import { bodyText, openTransport } from './open-transport.ts'

const call = {
  url: new URL('http://up.test/'),
  method: 'GET',
  headers: new Headers(),
  body: null,
  aborter: new Aborter(),
}

/** An upstream over HTTP/2 that reads nothing, so that an upload is held back. */
async function unreadHttp2() {
  const tls = await loopbackCertificate()
  const server = createSecureServer(tls).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = new URL(`https://127.0.0.1:${(server.address() as AddressInfo).port}`)
  const agent = new Agent({ allowH2: true, connect: { ca: tls.cert } })
  onTestFinished(async () => {
    await agent.destroy()
    server.close()
  })
  return { agent, url, streamed: once(server, 'stream') }
}

describe('undiciTransport', () => {
  it('brings an event stream over HTTP/2', async () => {
    const { send } = await openTransport(
      'of a pool',
      Array.from({ length: 500 }, (_, index) => step.send({ data: String(index) })),
      { h2: true },
    )
    expect(await bodyText((await send()).body)).toBe(
      Array.from({ length: 500 }, (_, index) => `data: ${index}\n\n`).join(''),
    )
  })

  it('closes a stream of HTTP/2 whose upload is given up after the response has ended', async () => {
    const { upstream, send } = await openTransport('of a pool', [step.raw('ok')], { h2: true })
    let giveUp = (_: unknown): void => {}
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        controller.enqueue(new Uint8Array(10))
        giveUp = (reason) => controller.error(reason)
      },
    })
    expect(await bodyText((await send({ method: 'POST', body })).body)).toBe('ok')
    giveUp(new Error('gone'))
    await upstream.requests[0]?.closed
  })

  it('closes a stream of HTTP/2 whose upload goes on after the response when it is aborted', async () => {
    const { upstream, send } = await openTransport('of a pool', [step.raw('ok')], { h2: true })
    const aborter = new Aborter()
    const cancel = vi.fn()
    const body = new ReadableStream<Uint8Array>({
      start: (upload) => upload.enqueue(new Uint8Array(10)),
      cancel,
    })
    expect(await bodyText((await send({ method: 'POST', body, aborter })).body)).toBe('ok')
    aborter.abort(new Error('ended'))
    await upstream.requests[0]?.closed
    await vi.waitFor(() => expect(cancel).toHaveBeenCalledOnce())
  })

  it('resets a stream of HTTP/2 whose upload is aborted while the window is full', async () => {
    const { agent, url, streamed } = await unreadHttp2()
    const aborter = new Aborter()
    const cancel = vi.fn()
    let pulled = 0
    const body = new ReadableStream<Uint8Array>({
      pull: (upload) => {
        pulled += 50_000
        upload.enqueue(new Uint8Array(50_000))
      },
      cancel,
    })
    const sent = undiciTransport(agent, 1_000).send({ ...call, url, method: 'POST', body, aborter })
    const [stream] = (await streamed) as [ServerHttp2Stream]
    // More than the window of HTTP/2, so that some waits in the client.
    await vi.waitFor(() => expect(pulled).toBeGreaterThanOrEqual(100_000))
    stream.on('error', () => {})
    const closed = new Promise((resolve) => stream.on('close', resolve))
    aborter.abort(new Error('left'))
    await expect(sent).rejects.toThrow('left')
    await closed
    expect(stream.rstCode).not.toBe(constants.NGHTTP2_NO_ERROR)
    await vi.waitFor(() => expect(cancel).toHaveBeenCalledOnce())
  })

  it.each([
    ['bytes', new Uint8Array(200_000)],
    ['bytes of which few wait', new Uint8Array(70_000)],
    ['the last chunk of a stream', streamOf(['x'.repeat(65_535), 'x'])],
  ])('resets a stream of HTTP/2 when %s wait for the window and it is aborted', async (_, body) => {
    const { agent, url, streamed } = await unreadHttp2()
    const aborter = new Aborter()
    const sent = undiciTransport(agent, 1_000).send({ ...call, url, method: 'POST', body, aborter })
    const [stream] = (await streamed) as [ServerHttp2Stream]
    await vi.waitFor(() => expect(stream.state.localWindowSize).toBe(0))
    stream.on('error', () => {})
    const closed = new Promise((resolve) => stream.on('close', resolve))
    aborter.abort(new Error('left'))
    await expect(sent).rejects.toThrow('left')
    await closed
    expect(stream.rstCode).not.toBe(constants.NGHTTP2_NO_ERROR)
  })

  it('leaves in the window of HTTP/2 what nobody takes', async () => {
    const chunk = new Uint8Array(10_000).fill(0x61)
    const script = Array.from({ length: 500 }, () => step.raw(chunk))
    const { upstream, send } = await openTransport('of a pool', script, { h2: true })
    const { body } = await send()
    const [request] = upstream.requests
    await vi.waitFor(() => expect(request?.pauses).toBeGreaterThan(0))
    expect(request?.bytesTaken).toBeLessThan(5_000_000)
    expect((await bodyText(body)).length).toBe(5_000_000)
  })

  it('sends nothing more on a connection whose upstream responded before it read all bytes', async () => {
    const upstream = createServer((socket) => {
      const respond = (): void => {
        socket.write('HTTP/1.1 413 Too Long\r\ncontent-length: 0\r\n\r\n')
        socket.pause()
      }
      socket.on('error', () => {}).on('data', respond)
    }).listen(0, '127.0.0.1')
    await once(upstream, 'listening')
    const agent = new Agent({ connections: 1 })
    onTestFinished(async () => {
      await agent.destroy()
      upstream.close()
    })
    const url = new URL(`http://127.0.0.1:${(upstream.address() as AddressInfo).port}`)
    const { send } = undiciTransport(agent, 1_000, true)
    const body = new Uint8Array(30_000_000)
    for (let turn = 0; turn < 2; turn++) {
      const response = await send({ ...call, url, method: 'POST', body })
      expect([response.status, await bodyText(response.body)]).toEqual([413, ''])
    }
  })

  it('leaves no view of a socket read with the request while the response goes on', async () => {
    const rawHeaders = [Buffer.from('x-a'), Buffer.from('1')]
    const controller = { rawHeaders }
    const responding = {
      dispatch(_: unknown, handler: Dispatcher.DispatchHandler) {
        handler.onResponseStart?.(controller as never, 200, {}, 'OK')
        return true
      },
    }
    const { headers } = await undiciTransport(responding, 1_000).send(call)
    expect(headers.get('x-a')).toBe('1')
    expect(controller.rawHeaders).toBe(null)
  })

  it('adds no header of its own but what the connection needs', async () => {
    const { upstream, send } = await openTransport('of a pool', [step.raw('ok')])
    await bodyText((await send({ headers: new Headers({ 'x-a': '1' }) })).body)
    expect([...(upstream.requests[0]?.headers.keys() ?? [])]).toEqual(['connection', 'host', 'x-a'])
  })

  it('keeps the mark of an empty query', async () => {
    const { upstream, send } = await openTransport('of a pool', [step.raw('ok')])
    await bodyText((await send({ path: '/a?' })).body)
    expect(upstream.requests[0]?.url).toBe('/a?')
  })

  it('leaves no listener on the aborter once the answer has ended', async () => {
    const { send } = await openTransport('of a pool', ({ index }) =>
      index === 0 ? [step.raw('ok')] : [step.reset()],
    )
    const aborter = new Aborter()
    const added = vi.spyOn(aborter, 'listen')
    const removed = vi.spyOn(aborter, 'unlisten')
    await bodyText((await send({ aborter })).body)
    await send({ aborter }).catch(() => {})
    expect(added).toHaveBeenCalledTimes(2)
    expect(removed).toHaveBeenCalledTimes(2)
  })

  it('tells a connection that takes too long from other failures', async () => {
    const slow = Object.assign(new Error('slow'), { code: 'UND_ERR_CONNECT_TIMEOUT' })
    const failing = {
      dispatch(_: unknown, handler: { onResponseError(controller: null, error: Error): void }) {
        handler.onResponseError(null, slow)
        return true
      },
    }
    await expect(undiciTransport(failing, 1_000).send(call)).rejects.toMatchObject({
      code: 'SSE_UPSTREAM_TIMEOUT',
      phase: 'connect',
      timeoutMs: 1_000,
    })
  })

  it('takes a dispatcher that throws for a failure of the network', async () => {
    const broken = new Error('broken dispatcher')
    const throwing = {
      dispatch(): boolean {
        throw broken
      },
    }
    const aborter = new Aborter()
    const unlistened = vi.spyOn(aborter, 'unlisten')
    await expect(undiciTransport(throwing, 1_000).send({ ...call, aborter })).rejects.toMatchObject(
      {
        code: 'SSE_UPSTREAM_NETWORK',
        cause: broken,
      },
    )
    expect(unlistened).toHaveBeenCalledOnce()
  })

  it('turns off the limits of its dispatcher: the proxy has its own', async () => {
    const agent = new Agent({ headersTimeout: 1, bodyTimeout: 1 })
    onTestFinished(() => agent.destroy())
    const dispatch = vi.spyOn(agent, 'dispatch')
    const upstream = fakeUpstream([step.raw('ok')])
    onTestFinished(() => upstream.close())
    const url = new URL(await upstream.listen())
    await bodyText((await undiciTransport(agent, 1_000).send({ ...call, url })).body)
    expect(dispatch.mock.calls[0]?.[0]).toMatchObject({ headersTimeout: 0, bodyTimeout: 0 })
  })

  it('aborts a request whose aborter was aborted while it waited for a connection', async () => {
    const aborter = new Aborter()
    const gone = new Error('gone')
    const aborted = vi.fn()
    let start = (): void => {}
    const waiting = {
      dispatch(_: unknown, handler: { onRequestStart(controller: object): void }) {
        start = () => handler.onRequestStart({ abort: aborted })
        return true
      },
    }
    const answer = undiciTransport(waiting, 1_000).send({ ...call, aborter })
    aborter.abort(gone)
    await expect(answer).rejects.toBe(gone)
    start()
    expect(aborted).toHaveBeenCalledWith(gone)
  })
})

describe('a body that is relayed', () => {
  it.each([{ h2: false }, { h2: true }])(
    'is the reader’s own, who may transfer each chunk, h2: $h2',
    async ({ h2 }) => {
      const frames = Array.from({ length: 300 }, (_, index) => `data: ${index}\n\n`)
      const tls = h2 ? await loopbackCertificate() : undefined
      // In one write, so that one read of the socket brings many chunks.
      const upstream = fakeUpstream(frames.map((frame) => step.raw(frame)))
      onTestFinished(() => upstream.close())
      const url = await upstream.listen(tls && { tls, http2: true })
      const agent = new Agent({ allowH2: h2, ...(tls && { connect: { ca: tls.cert } }) })
      onTestFinished(() => agent.destroy())
      const { body } = await proxyFetch(new Request('http://localhost/'), url, {
        heartbeat: false,
        dispatcher: agent,
      })
      let text = ''
      for await (const chunk of body as ReadableStream<Uint8Array<ArrayBuffer>>) {
        const mine = structuredClone(chunk, { transfer: [chunk.buffer] })
        expect(chunk.length).toBe(0)
        text += new TextDecoder().decode(mine)
      }
      expect(text).toBe(frames.join(''))
    },
  )
})
