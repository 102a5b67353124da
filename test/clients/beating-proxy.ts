import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { sseProxy } from 'sse-stream-kit'
import { toNodeHandler } from 'sse-stream-kit/node'
import { fakeUpstream, type RecordedRequest, step, type UpstreamStep } from 'sse-stream-kit/testing'

/** A proxy on a socket, whose upstream stays silent at some steps until heartbeats have been sent. */
export interface BeatingProxy {
  url: string
  requests: readonly RecordedRequest[]
  /** What has been sent in the upstream's silence, in order. */
  heartbeats: readonly string[]
  close(): Promise<void>
}

/** How often and where the heartbeats are sent. */
export interface BeatingProxyOptions {
  /** The least number of heartbeats in a response. */
  heartbeats: number
  frame?: string | undefined
  /**
   * Whether all of them are sent before the upstream's response head, to a client that the proxy has sent a 200.
   * Otherwise they are spread over all events. @default false
   */
  beforeHead?: boolean | undefined
}

/** Starts a proxy that sends heartbeats between the upstream's steps. */
export async function beatingProxy(
  stepsFor: (request: RecordedRequest) => readonly UpstreamStep[],
  { heartbeats: wanted, frame, beforeHead = false }: BeatingProxyOptions,
): Promise<BeatingProxy> {
  const heartbeats: string[] = []
  let isSilent = false
  let awaited = 0
  let endSilence = (): void => {}
  const silentBefore = beforeHead ? ['head', 'whole'] : ['bytes', 'end']
  const upstream = fakeUpstream((request) => {
    const steps = stepsFor(request)
    const silences = steps.filter(({ kind }) => silentBefore.includes(kind)).length
    const silence = step.until(async () => {
      isSilent = true
      awaited = heartbeats.length + Math.ceil(wanted / silences)
      await new Promise<void>((resolve) => {
        endSilence = resolve
      })
      isSilent = false
    })
    return steps.flatMap((one) => (silentBefore.includes(one.kind) ? [silence, one] : [one]))
  })
  const proxy = sseProxy(await upstream.listen(), {
    heartbeat: { intervalMs: 1, frame, ...(beforeHead && { commitAfterMs: 1 }) },
  })
  const handler = toNodeHandler(proxy)
  const server = createServer((request, response) => {
    watchWrites(response, (chunk) => {
      if (!isSilent || !/^(?::.*)?\n+$/.test(chunk)) return
      heartbeats.push(chunk)
      if (heartbeats.length >= awaited) endSilence()
    })
    void handler(request, response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    requests: upstream.requests,
    heartbeats,
    close: async () => {
      await proxy.close({ drainMs: 0 })
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
      await upstream.close()
    },
  }
}

function watchWrites(response: ServerResponse, onWrite: (chunk: string) => void): void {
  const write = response.write.bind(response)
  response.write = ((chunk: Uint8Array, ...rest: []) => {
    onWrite(new TextDecoder().decode(chunk))
    return write(chunk, ...rest)
  }) as typeof response.write
}
