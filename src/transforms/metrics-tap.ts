import { callHook } from '../base/call-hook.ts'
import { checkOptions, type OptionNames } from '../base/check-options.ts'
import { roundMs } from '../base/round-ms.ts'
import type { StreamVerdict } from '../base/stream-verdict.ts'
import type { Stage, StageOutcome, StageOutput } from '../pipeline/stage.ts'
import { StageStream } from '../pipeline/stage-stream.ts'
import { EventCounter } from '../wire/event-counter.ts'
import { type GapDistribution, GapHistogram } from './gap-histogram.ts'

/** The figures of a stream that passed through a {@link MetricsTap}. Times are in milliseconds, rounded to microseconds. */
export interface TapSummary {
  /** How the stream ended; `truncated` only where events are counted. */
  verdict: StreamVerdict
  /** The reader's cancel reason, or the error; with the verdicts `cancelled` and `error`. */
  reason?: unknown
  /** From the first use of the stream to its end. */
  durationMs: number
  /** From the first use of the stream to its first item; absent if there was none. */
  firstItemMs?: number
  /** From the first use of the stream to its first whole event; only where items are bytes. */
  firstEventMs?: number
  items: number
  /** Bytes, where items are bytes; else 0. */
  bytes: number
  /** Events that a client dispatches, where items are bytes; else 0. Comments and blocks without data do not count. */
  events: number
  /** The times between one item and the next; absent with fewer than two items. The quantiles are exact to 6 %. */
  gaps?: { p50Ms: number; p95Ms: number; maxMs: number }
  /** How often, and for how long in total, the source was paused; pauses under a millisecond do not count. */
  pauses: { count: number; totalMs: number }
}

/** Hooks of a {@link MetricsTap}, and what it counts. A hook that throws is reported and does not affect the stream. */
export interface MetricsTapOptions {
  /** Called with the first item, exactly once, unless there is none. @default none */
  onFirst?: ((first: { firstItemMs: number }) => void) | undefined
  /** Called when the stream is over, exactly once, on every path. @default none */
  onEnd?: ((summary: TapSummary, gaps: GapDistribution) => void) | undefined
  /** Whether events are counted where items are bytes; `false` for bytes that are not an event stream. @default true */
  countEvents?: boolean | undefined
}

const OPTIONS: OptionNames<MetricsTapOptions> = { onFirst: true, onEnd: true, countEvents: true }

/**
 * Measures a stream of any items: times, counts, and how it ended.
 *
 * - Holds at most 1 KiB of counters, and no items.
 * - Backpressure: takes an item when the reader asks for one.
 * - Cancel and error are in the summary, which is reported exactly once.
 *
 * @example Time to the first token
 * ```ts
 * import { MetricsTap } from 'sse-stream-kit/streams'
 *
 * const tap = new MetricsTap<Uint8Array>({
 *   onEnd: ({ verdict, events, firstItemMs }) => console.log(verdict, events, firstItemMs),
 * })
 * const upstream = new Response('data: 1\n\ndata: 2\n\n')
 * await new Response(upstream.body!.pipeThrough(tap)).text()
 * ```
 * @see https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation
 */
export class MetricsTap<T = Uint8Array> extends StageStream<T, T> {
  constructor(options?: MetricsTapOptions) {
    super(MetricsTap.stage(options))
  }

  /** The same logic as a stage, to be fused with others by `relay`. */
  static stage<T = Uint8Array>(options?: MetricsTapOptions): MetricsTapStage<T> {
    checkOptions('options of MetricsTap', options, OPTIONS)
    return new MetricsTapStage(options)
  }
}

/** The logic of {@link MetricsTap}. */
export class MetricsTapStage<T> implements Stage<T, T> {
  readonly #options: MetricsTapOptions
  readonly #countsEvents: boolean
  readonly #now: () => number
  readonly #counter = new EventCounter()
  readonly #gaps = new GapHistogram()
  #output!: StageOutput<T>
  #startedAt = 0
  #lastItemAt = 0
  #firstItemMs: number | undefined
  #firstEventMs: number | undefined
  #items = 0
  #bytes = 0
  #pausedAt: number | undefined
  #pauses = 0
  #pausedMs = 0

  /** @param now Returns when the item at hand arrived, on the clock of `performance.now()` */
  constructor(options: MetricsTapOptions = {}, now: () => number = () => performance.now()) {
    const { countEvents = true } = options
    this.#now = now
    this.#options = options
    this.#countsEvents = countEvents
  }

  /** Events so far. */
  get events(): number {
    return this.#counter.events
  }

  /** Items so far. */
  get items(): number {
    return this.#items
  }

  /** Bytes so far. */
  get bytes(): number {
    return this.#bytes
  }

  start(output: StageOutput<T>): void {
    this.#output = output
    this.#startedAt = performance.now()
  }

  push(item: T): void {
    const now = this.#now()
    this.#items++
    if (this.#firstItemMs === undefined) this.#onFirst(now)
    else this.#gaps.add(now - this.#lastItemAt)
    this.#lastItemAt = now
    if (ArrayBuffer.isView(item)) {
      this.#bytes += item.byteLength
      if (this.#countsEvents) this.#counter.count(item as T & Uint8Array)
      if (this.#firstEventMs === undefined && this.#counter.events > 0) {
        this.#firstEventMs = roundMs(now - this.#startedAt)
      }
    }
    this.#output.emit(item)
  }

  pause(): void {
    this.#pausedAt = performance.now()
  }

  resume(): void {
    if (this.#pausedAt === undefined) return
    const pausedMs = performance.now() - this.#pausedAt
    this.#pausedAt = undefined
    // In a chain of streams every other item waits for a microtask or two, which is not a pause.
    if (pausedMs < 1) return
    this.#pauses++
    this.#pausedMs += pausedMs
  }

  dispose(outcome: StageOutcome, reason?: unknown): void {
    this.resume()
    const { onEnd } = this.#options
    if (onEnd === undefined) return
    callHook('onEnd', () => onEnd(this.#summary(outcome, reason), this.#gaps))
  }

  #onFirst(now: number): void {
    const firstItemMs = roundMs(now - this.#startedAt)
    this.#firstItemMs = firstItemMs
    callHook('onFirst', () => this.#options.onFirst?.({ firstItemMs }))
  }

  #summary(outcome: StageOutcome, reason: unknown): TapSummary {
    const gaps = this.#gaps
    // Not one literal with conditional spreads: those cost ten times as much.
    const summary: TapSummary = {
      verdict: this.#verdict(outcome),
      durationMs: roundMs(performance.now() - this.#startedAt),
      items: this.#items,
      bytes: this.#bytes,
      events: this.#counter.events,
      pauses: { count: this.#pauses, totalMs: roundMs(this.#pausedMs) },
    }
    if (outcome !== 'done') summary.reason = reason
    if (this.#firstItemMs !== undefined) summary.firstItemMs = this.#firstItemMs
    if (this.#firstEventMs !== undefined) summary.firstEventMs = this.#firstEventMs
    if (gaps.count > 0) {
      summary.gaps = {
        p50Ms: gaps.quantile(0.5),
        p95Ms: gaps.quantile(0.95),
        maxMs: gaps.maxMs,
      }
    }
    return summary
  }

  #verdict(outcome: StageOutcome): StreamVerdict {
    if (outcome === 'cancelled') return 'cancelled'
    if (outcome === 'failed') return 'error'
    return this.#counter.isBetweenEvents ? 'complete' : 'truncated'
  }
}
