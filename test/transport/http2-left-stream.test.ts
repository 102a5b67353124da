import { once } from 'node:events'
import http2, { type ClientHttp2Stream } from 'node:http2'
import { fakeUpstream, step } from 'sse-stream-kit/testing'
import { expect, it, onTestFinished, vi } from 'vitest'
import { Aborter } from '../../src/base/aborter.ts'
import { UpstreamPool } from '../../src/transport/upstream-pool.ts'
import { loopbackCertificate } from '../support/loopback-certificate.ts'

it('keeps nothing of a stream of HTTP/2 that was left while it was held back', async () => {
  const streams: ClientHttp2Stream[] = []
  const { connect } = http2
  vi.spyOn(http2, 'connect').mockImplementation((...given) => {
    const session = connect(...given)
    const request = session.request.bind(session)
    session.request = (...asked) => {
      const stream = request(...asked)
      streams.push(stream)
      return stream
    }
    return session
  })
  onTestFinished(() => void vi.restoreAllMocks())
  const tls = await loopbackCertificate()
  const upstream = fakeUpstream(function* () {
    // More than the windows of HTTP/2 take, so that the stream is held back with bytes in it.
    for (;;) yield step.raw(new Uint8Array(65_536))
  })
  onTestFinished(() => upstream.close())
  const url = await upstream.listen({ tls, http2: true })
  const pool = new UpstreamPool({ allowH2: true, tls: { ca: tls.cert } })
  onTestFinished(() => pool.destroy())
  const { body } = await pool.transport(5_000).send({
    url: new URL(url),
    method: 'GET',
    headers: new Headers(),
    body: null,
    aborter: new Aborter(),
  })
  const reader = body?.getReader()
  await reader?.read()
  const [stream] = streams as [ClientHttp2Stream]
  await vi.waitFor(() => expect(stream.isPaused()).toBe(true))
  const closed = once(stream, 'close')
  await reader?.cancel()
  await closed
  expect(stream.destroyed).toBe(true)
})
