import { SseDecoder } from '../../index.ts'
import { HEARTBEAT_COMMENT, withoutHeartbeats } from './heartbeat-frame.ts'
import { tokenText } from './token-text.ts'

/** What a client measured of one response; times start at its request, in milliseconds. */
export interface MeasuredAnswer {
  status: number
  /** Why the response is incomplete; absent if it is complete. */
  failure?: string
  /** Absent if there was no token. */
  firstTokenMs?: number
  totalMs: number
  events: number
  heartbeats: number
  /** The longest wait for a token, the one for the first token included. */
  longestGapMs: number
  /** The longest wait for any byte, which idle timeouts on the path measure. */
  longestSilenceMs: number
  /** The body without the heartbeats. */
  bytes: Uint8Array
}

/** Callbacks for tokens and heartbeats as they arrive. */
export interface AnswerWatcher {
  onToken(text: string, atMs: number): void
  onHeartbeat(atMs: number): void
}

/** Sends a request and measures its response. Never rejects: a failure is part of the result. */
export async function measureAnswer(
  url: string,
  body: string,
  { onToken, onHeartbeat }: AnswerWatcher,
): Promise<MeasuredAnswer> {
  const startedAt = performance.now()
  const elapsed = (): number => performance.now() - startedAt
  const chunks: Uint8Array[] = []
  const token = new LongestWait()
  const byte = new LongestWait()
  let status = 0
  let events = 0
  let failure: string | undefined
  try {
    const headers = { 'content-type': 'application/json' }
    const response = await fetch(url, { method: 'POST', headers, body })
    status = response.status
    const source = response.body ?? new Blob().stream()
    const noted = source.pipeThrough(
      new TransformStream<Uint8Array, Uint8Array>({
        transform: (chunk, controller) => {
          byte.note(elapsed())
          chunks.push(chunk.slice())
          controller.enqueue(chunk)
        },
      }),
    )
    const decoder = new SseDecoder({
      onComment: (comment) => {
        if (comment === HEARTBEAT_COMMENT) onHeartbeat(elapsed())
      },
    })
    for await (const { data } of noted.pipeThrough(decoder)) {
      events++
      const text = tokenText(data)
      if (text === '') continue
      token.note(elapsed())
      onToken(text, elapsed())
    }
  } catch (error) {
    const { cause } = error as { cause?: unknown }
    failure = String(cause ?? error)
  }
  const totalMs = elapsed()
  const { bytes, heartbeats } = withoutHeartbeats(Buffer.concat(chunks))
  return {
    status,
    ...(failure !== undefined && { failure }),
    ...(token.firstMs !== undefined && { firstTokenMs: token.firstMs }),
    totalMs,
    events,
    heartbeats,
    longestGapMs: token.longestMs ?? totalMs,
    longestSilenceMs: byte.longestMs ?? totalMs,
    bytes,
  }
}

class LongestWait {
  firstMs: number | undefined
  longestMs: number | undefined
  #lastMs = 0

  note(atMs: number): void {
    this.firstMs ??= atMs
    this.longestMs = Math.max(this.longestMs ?? 0, atMs - this.#lastMs)
    this.#lastMs = atMs
  }
}
