import { gzipSync } from 'node:zlib'
import { proxyFetch, SseKitError } from 'sse-stream-kit'
import { fakeUpstream, type RecordedRequest, step } from 'sse-stream-kit/testing'
import { describe, expect, it, onTestFinished } from 'vitest'
import { DirectBody } from '../../src/upstream/direct-body.ts'
import { createUpstreamPool, type UpstreamPoolOptions } from '../../src/upstream/upstream-pool.ts'
import { loopbackCertificate } from '../support/loopback-certificate.ts'
import { standstill } from '../support/standstill.ts'
import { bodyText } from './body-text.ts'

type Script = Parameters<typeof fakeUpstream>[0]

async function ask(
  script: Script,
  init: RequestInit = {},
  { options = {}, h2 = false }: { options?: UpstreamPoolOptions; h2?: boolean } = {},
) {
  const upstream = fakeUpstream(script)
  onTestFinished(() => upstream.close())
  const tls = h2 ? await loopbackCertificate() : undefined
  const url = await upstream.listen(tls && { tls, http2: true })
  const pool = createUpstreamPool(
    { ...options, ...(tls && { allowH2: true, tls: { ca: tls.cert } }) },
    5_000,
  )
  onTestFinished(() => pool.destroy())
  return { upstream, response: await pool.fetch(url, init) }
}

const isDirect = (response: Response): boolean => DirectBody.of(response) instanceof DirectBody

describe('directFetch', () => {
  it.each([{ h2: false }, { h2: true }])('brings an event stream, h2: $h2', async ({ h2 }) => {
    const events = Array.from({ length: 500 }, (_, index) => step.send({ data: String(index) }))
    const { response } = await ask(events, {}, { h2 })
    expect(isDirect(response)).toBe(true)
    expect(response.headers.get('content-type')).toContain('text/event-stream')
    expect(await bodyText(response)).toBe(
      Array.from({ length: 500 }, (_, index) => `data: ${index}\n\n`).join(''),
    )
  })

  it('leaves other answers to fetch', async () => {
    const { response } = await ask([
      step.status(200, { 'content-type': 'application/json' }),
      step.raw('{}'),
    ])
    expect(isDirect(response)).toBe(false)
    expect(await response.json()).toEqual({})
  })

  it('leaves answers with an error to fetch', async () => {
    const { response } = await ask([
      step.status(500, { 'content-type': 'text/event-stream' }),
      step.send({ data: '1' }),
    ])
    expect(isDirect(response)).toBe(false)
    expect(await response.text()).toBe('data: 1\n\n')
  })

  it('leaves encoded bodies to fetch, which decodes them', async () => {
    const { response } = await ask([
      step.status(200, { 'content-type': 'text/event-stream', 'content-encoding': 'gzip' }),
      step.raw(gzipSync('data: 1\n\n')),
    ])
    expect(isDirect(response)).toBe(false)
    expect(await response.text()).toBe('data: 1\n\n')
  })

  it('has no body for HEAD', async () => {
    const { response } = await ask([step.send({ data: '1' })], { method: 'HEAD' })
    expect(DirectBody.of(response)).toBe(null)
  })

  it('breaks with the error of fetch where the connection does, after what came before', async () => {
    const { response } = await ask([step.send({ data: '1' }), step.cut()])
    const reader = DirectBody.of(response)?.getReader()
    expect(new TextDecoder().decode((await reader?.read())?.value)).toBe('data: 1\n\n')
    await expect(reader?.read()).rejects.toMatchObject({
      code: 'SSE_UPSTREAM_NETWORK',
      cause: { name: 'TypeError', message: 'terminated' },
    })
  })

  it('breaks with the reason of the signal, and closes the socket', async () => {
    const controller = new AbortController()
    const { upstream, response } = await ask([step.send({ data: '1' }), step.hang()], {
      signal: controller.signal,
    })
    const reader = DirectBody.of(response)?.getReader()
    await reader?.read()
    const read = reader?.read()
    const reason = new SseKitError('SSE_DRAINING', 'enough')
    controller.abort(reason)
    await expect(read).rejects.toBe(reason)
    await upstream.requests[0]?.closed
  })

  it('closes the socket on cancel', async () => {
    const { upstream, response } = await ask([step.send({ data: '1' }), step.hang()])
    await DirectBody.of(response)?.cancel()
    await upstream.requests[0]?.closed
  })

  it.each([{ h2: false }, { h2: true }])(
    'leaves in the socket what nobody takes, and goes on where it stopped, h2: $h2',
    async ({ h2 }) => {
      const chunk = new Uint8Array(10_000).fill(0x61)
      const { upstream, response } = await ask(
        Array.from({ length: 2_000 }, () => step.raw(chunk)),
        {},
        { h2 },
      )
      const [request] = upstream.requests as [RecordedRequest]
      const before = await standstill(
        () => request.bytesTaken,
        () => request.pauses > 0,
      )
      expect(before).toBeLessThan(20_000_000)
      expect((await bodyText(response)).length).toBe(20_000_000)
    },
  )
})

describe('a body that comes directly', () => {
  it.each([{ h2: false }, { h2: true }])(
    'is the reader’s own, who may transfer each chunk, h2: $h2',
    async ({ h2 }) => {
      const frames = Array.from({ length: 300 }, (_, index) => `data: ${index}\n\n`)
      const tls = h2 ? await loopbackCertificate() : undefined
      // In one write, so that one read of the socket brings many chunks.
      const upstream = fakeUpstream(frames.map((frame) => step.raw(frame)))
      onTestFinished(() => upstream.close())
      const url = await upstream.listen(tls && { tls, http2: true })
      const { body } = await proxyFetch(new Request('http://localhost/'), url, {
        heartbeat: false,
        ...(tls && {
          fetch: createUpstreamPool({ allowH2: true, tls: { ca: tls.cert } }, 5_000).fetch,
        }),
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
