import { type FakeUpstream, fakeUpstream, type UpstreamScript } from 'sse-stream-kit/testing'
import { Agent, fetch as undiciFetch } from 'undici'
import { onTestFinished } from 'vitest'
import { Aborter } from '../../src/base/aborter.ts'
import type { ByteSource } from '../../src/base/byte-source.ts'
import { fetchTransport } from '../../src/transport/fetch-transport.ts'
import type { Transport, TransportCall, TransportResponse } from '../../src/transport/transport.ts'
import { undiciTransport } from '../../src/transport/undici-transport.ts'
import { UpstreamPool, type UpstreamPoolOptions } from '../../src/transport/upstream-pool.ts'
import { loopbackCertificate } from '../support/loopback-certificate.ts'

/** Every implementation that must keep the contract. */
export const TRANSPORTS: Readonly<Record<string, (options: UpstreamPoolOptions) => Transport>> = {
  'of a pool': (options: UpstreamPoolOptions) => {
    const pool = new UpstreamPool(options)
    onTestFinished(() => pool.destroy())
    return pool.transport(5_000)
  },
  'of a dispatcher': ({ tls, allowH2 = false }: UpstreamPoolOptions) => {
    const agent = new Agent({ allowH2, connect: { timeout: 5_000, ...tls } })
    onTestFinished(() => agent.destroy())
    return undiciTransport(agent, 5_000)
  },
  "of undici's fetch": ({ tls, allowH2 = false }: UpstreamPoolOptions) => {
    const dispatcher = new Agent({ allowH2, connect: { timeout: 5_000, ...tls } })
    onTestFinished(() => dispatcher.destroy())
    const fetch = (url: string, init: object) => undiciFetch(url, { ...init, dispatcher })
    return fetchTransport(fetch as unknown as typeof globalThis.fetch, 5_000)
  },
  "of the runtime's fetch": () => fetchTransport(globalThis.fetch, 5_000),
}

export interface OpenTransport {
  upstream: FakeUpstream
  /** A GET of the root, where the call does not say otherwise. */
  send(call?: Partial<TransportCall> & { path?: string }): Promise<TransportResponse>
}

/** Starts an upstream, and a transport to it. */
export async function openTransport(
  name: string,
  script: UpstreamScript,
  { h2 = false }: { h2?: boolean } = {},
): Promise<OpenTransport> {
  const upstream = fakeUpstream(script)
  onTestFinished(() => upstream.close())
  const tls = h2 ? await loopbackCertificate() : undefined
  const url = await upstream.listen(tls && { tls, http2: true })
  const transport = TRANSPORTS[name]?.(tls ? { allowH2: true, tls: { ca: tls.cert } } : {})
  if (transport === undefined) throw new Error(`There is no transport ${name}`)
  const send: OpenTransport['send'] = (call = {}) =>
    transport.send({
      url: new URL(call.path ?? '/', url),
      method: 'GET',
      headers: new Headers(),
      body: null,
      aborter: new Aborter(),
      ...call,
    })
  return { upstream, send }
}

/** The whole body as text. */
export async function bodyText(body: ByteSource | null): Promise<string> {
  const reader = body?.getReader()
  const decoder = new TextDecoder()
  let text = ''
  for (;;) {
    const { done, value } = (await reader?.read()) ?? { done: true as const }
    if (done) return text
    text += decoder.decode(value, { stream: true })
  }
}
