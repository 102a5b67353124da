import { type ClientHttp2Session, constants } from 'node:http2'
import type { Client, ClientActs, ClientSide } from './client-side.ts'

/** Sends one request over a shared HTTP/2 connection, and acts according to the plan of the stream. */
export function http2Client(
  session: ClientHttp2Session,
  path: string,
  { requestBytes, onChunk }: ClientActs,
): Client {
  const chunks: Buffer[] = []
  let receivedBytes = 0
  let status = 0
  let hasLeft = false
  let hasEnded = false
  let resumeTimer: ReturnType<typeof setTimeout> | undefined
  const left = new AbortController()
  const stream = session.request(
    { ':path': path, ':method': requestBytes > 0 ? 'POST' : 'GET' },
    { signal: left.signal },
  )
  const leave = (): void => {
    hasLeft = true
    // `fetch` of undici 7 resets with NO_ERROR, a browser with CANCEL. Not `close()`: the reset then waits for the
    // upload, and a following `destroy()` makes Node's client send empty frames in an endless loop.
    const isFetch = path.charCodeAt(path.length - 1) % 2 === 0
    if (isFetch) stream.destroy()
    else left.abort()
  }
  const reins = {
    get receivedBytes() {
      return receivedBytes
    },
    pause: () => void stream.pause(),
    pauseFor: (pauseMs: number) => {
      stream.pause()
      resumeTimer = setTimeout(() => stream.resume(), pauseMs)
    },
    leave,
  }
  stream.on('response', (headers) => {
    status = headers[':status'] ?? 0
  })
  stream.on('data', (chunk: Buffer) => {
    if (hasLeft) return
    chunks.push(chunk)
    receivedBytes += chunk.length
    onChunk(reins)
  })
  stream.on('end', () => {
    hasEnded = true
  })
  stream.on('error', () => {})
  const side = new Promise<ClientSide>((resolve) => {
    stream.on('close', () => {
      clearTimeout(resumeTimer)
      const isWhole = hasEnded && stream.rstCode === constants.NGHTTP2_NO_ERROR
      const end = hasLeft ? 'left' : isWhole ? 'clean' : 'broken'
      resolve({ status, body: Buffer.concat(chunks), end })
    })
  })
  if (requestBytes > 0) stream.end(Buffer.alloc(requestBytes, 0x71))
  else stream.end()
  return { side, leave }
}
