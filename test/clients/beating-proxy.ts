import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { sseProxy } from 'sse-stream-kit'
import { toNodeHandler } from 'sse-stream-kit/node'
import { fakeUpstream, type RecordedRequest, step, type UpstreamStep } from 'sse-stream-kit/testing'
import { onTestFinished } from 'vitest'

/** A proxy on a socket, whose upstream stays silent in front of each event until heartbeats have gone out. */
export interface BeatingProxy {
  url: string
  requests: readonly RecordedRequest[]
  /** What has gone out in the upstream's silence, in order. */
  heartbeats: readonly string[]
}

/** Starts a proxy whose clients get at least as many heartbeats as wanted, spread over the whole stream. */
export async function beatingProxy(
  steps: readonly UpstreamStep[],
  { heartbeats: wanted, frame }: { heartbeats: number; frame?: string },
): Promise<BeatingProxy> {
  const heartbeats: string[] = []
  let isSilent = false
  let awaited = 0
  let endSilence = (): void => {}
  const silences = steps.filter(({ kind }) => kind === 'bytes').length + 1
  const silence = step.until(async () => {
    isSilent = true
    awaited = heartbeats.length + Math.ceil(wanted / silences)
    await new Promise<void>((resolve) => {
      endSilence = resolve
    })
    isSilent = false
  })
  const upstream = fakeUpstream(
    steps.flatMap((one) => (one.kind === 'bytes' || one.kind === 'end' ? [silence, one] : [one])),
  )
  const proxy = sseProxy(await upstream.listen(), { heartbeat: { intervalMs: 1, frame } })
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
  onTestFinished(async () => {
    await proxy.close({ drainMs: 0 })
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
    await upstream.close()
  })
  const { port } = server.address() as AddressInfo
  return { url: `http://127.0.0.1:${port}`, requests: upstream.requests, heartbeats }
}

function watchWrites(response: ServerResponse, onWrite: (chunk: string) => void): void {
  const write = response.write.bind(response)
  response.write = ((chunk: Uint8Array, ...rest: []) => {
    onWrite(new TextDecoder().decode(chunk))
    return write(chunk, ...rest)
  }) as typeof response.write
}
