import type { AnswerTap, AnswerTapOptions } from '../../../src/llm/answer-tap.ts'
import { DIALECTS } from '../../../src/llm/dialects.ts'
import type { LlmSummary } from '../../../src/llm/llm-summary.ts'
import { LlmTap } from '../../../src/llm/llm-tap.ts'
import { NdjsonTap } from '../../../src/llm/ndjson-tap.ts'
import { plain } from '../../../src/llm/plain.ts'
import { FrameSplitterStage } from '../../../src/wire/frame-splitter.ts'

/** An LLM tap behind a frame splitter, as in the proxy; for JSON lines the tap of those alone. */
export class Tapped {
  readonly tap: AnswerTap
  /** What the tap passed on. */
  readonly out: Uint8Array[] = []
  readonly #splitter: FrameSplitterStage | undefined

  constructor(options: Partial<AnswerTapOptions> = {}) {
    const { format } = options.guess ?? plain
    const all: AnswerTapOptions = {
      dialects: DIALECTS.filter((dialect) => dialect.format === format),
      guess: plain,
      isGiven: false,
      requestedAt: 0,
      now: () => performance.now(),
      failsTruncated: false,
      ...options,
    }
    this.tap = format === 'ndjson' ? new NdjsonTap(all) : new LlmTap(all)
    const output = { error: () => {}, desiredSize: 1, queued: 0 }
    this.tap.start({ ...output, emit: (frames) => this.out.push(frames) })
    if (format === 'ndjson') return
    this.#splitter = new FrameSplitterStage()
    this.#splitter.start({ ...output, emit: (frames) => this.tap.push(frames) })
  }

  push(chunk: Uint8Array): void {
    if (this.#splitter === undefined) this.tap.push(chunk)
    else this.#splitter.push(chunk)
  }

  end(): void {
    this.#splitter?.end()
    this.tap.end()
  }
}

/** The tap after a whole stream. */
export function tapAll(
  stream: string | readonly Uint8Array[],
  options: Partial<AnswerTapOptions> = {},
): AnswerTap {
  const tapped = new Tapped(options)
  const chunks = typeof stream === 'string' ? [new TextEncoder().encode(stream)] : stream
  for (const chunk of chunks) tapped.push(chunk)
  tapped.end()
  return tapped.tap
}

/** What the summary of a whole stream says, without the time. */
export function summaryOf(
  stream: string | readonly Uint8Array[],
  options: Partial<AnswerTapOptions> = {},
): LlmSummary {
  const { firstContentMs: _, ...summary } = tapAll(stream, options).summary()
  return summary
}
