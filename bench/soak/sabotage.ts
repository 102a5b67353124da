import type { StreamSummary } from '../../src/proxy/stream-summary.ts'

/** Faults that can be injected, to prove that the soak finds them. */
export const SABOTAGES = [
  'frame',
  'end',
  'summary',
  'verdict',
  'timer',
  'listener',
  'heap',
  'hang',
] as const
export type SabotageKind = (typeof SABOTAGES)[number]

/** Injects one kind of fault into one stream out of fifty; none without a kind. */
export class Sabotage {
  readonly #kind: SabotageKind | undefined
  readonly #kept: unknown[] = []
  #calls = 0

  constructor(kind: SabotageKind | undefined) {
    this.#kind = kind
  }

  /** Between the proxy and the client. */
  response(response: Response, signal: AbortSignal): Response {
    const isHit = this.#calls++ % 50 === 7
    if (this.#kind === 'heap') this.#kept.push(new Array(500).fill(this.#calls))
    if (this.#kind === 'listener') signal.addEventListener('abort', () => this.#kept)
    if (this.#kind === 'timer' && isHit) this.#kept.push(setInterval(() => {}, 60_000))
    if (response.body === null) return response
    const reader = response.body.getReader()
    if (this.#kind === 'frame' && isHit) return new Response(withoutLastByte(reader), response)
    if (this.#kind === 'end') return new Response(cleanlyEnded(reader), response)
    reader.releaseLock()
    return response
  }

  summaries(summaries: StreamSummary[]): StreamSummary[] {
    const isHit = this.#calls % 50 === 7
    if (this.#kind === 'summary' && isHit) return [...summaries, ...summaries]
    if (this.#kind !== 'verdict' || !isHit) return summaries
    return summaries.map((summary) => ({ ...summary, verdict: 'too_large' }))
  }

  /** Whether the upstream's side appears to stay open forever. */
  get hidesClose(): boolean {
    return this.#kind === 'hang' && this.#calls % 50 === 7
  }

  /** Clears the timers, which would keep the process alive after its report. */
  end(): void {
    for (const kept of this.#kept) if (this.#kind === 'timer') clearInterval(kept as NodeJS.Timeout)
  }
}

type Reader = ReadableStreamDefaultReader<Uint8Array>

function withoutLastByte(reader: Reader): ReadableStream<Uint8Array> {
  return new ReadableStream({
    pull: async (controller) => {
      const { done, value } = await reader.read()
      if (done) controller.close()
      else controller.enqueue(value.length > 1 ? value.subarray(0, -1) : value)
    },
    cancel: (reason) => reader.cancel(reason),
  })
}

function cleanlyEnded(reader: Reader): ReadableStream<Uint8Array> {
  return new ReadableStream({
    pull: async (controller) => {
      const { done, value } = await reader.read().catch(() => ({ done: true, value: undefined }))
      if (value === undefined || done) controller.close()
      else controller.enqueue(value)
    },
    cancel: (reason) => reader.cancel(reason),
  })
}
