import { type IncomingMessage, request } from 'node:http'
import type { Client, ClientActs, ClientSide } from './client-side.ts'

/** Sends one request over a new connection, and acts according to the plan of the stream. */
export function httpClient(url: string, { requestBytes, onChunk }: ClientActs): Client {
  const chunks: Buffer[] = []
  let receivedBytes = 0
  let status = 0
  let hasLeft = false
  let resumeTimer: ReturnType<typeof setTimeout> | undefined
  const outgoing = request(url, { agent: false, method: requestBytes > 0 ? 'POST' : 'GET' })
  const leave = (): void => {
    hasLeft = true
    outgoing.destroy()
  }
  const side = new Promise<ClientSide>((resolve) => {
    const end = (isWhole: boolean): void => {
      clearTimeout(resumeTimer)
      const how = hasLeft ? 'left' : isWhole ? 'clean' : 'broken'
      resolve({ status, body: Buffer.concat(chunks), end: how })
    }
    // A response with a head has its own end: a slow reader has not reached it when the request closes.
    let hasHead = false
    outgoing.on('error', () => {
      if (!hasHead) end(false)
    })
    outgoing.on('close', () => {
      if (!hasHead) end(false)
    })
    outgoing.on('response', (incoming: IncomingMessage) => {
      hasHead = true
      status = incoming.statusCode ?? 0
      const reins = {
        get receivedBytes() {
          return receivedBytes
        },
        pause: () => void incoming.pause(),
        pauseFor: (pauseMs: number) => {
          incoming.pause()
          resumeTimer = setTimeout(() => incoming.resume(), pauseMs)
        },
        leave,
      }
      incoming.on('data', (chunk: Buffer) => {
        chunks.push(chunk)
        receivedBytes += chunk.length
        onChunk(reins)
      })
      incoming.on('error', () => {})
      incoming.on('close', () => end(incoming.complete))
    })
  })
  outgoing.end(requestBytes > 0 ? Buffer.alloc(requestBytes, 0x71) : undefined)
  return { side, leave }
}
