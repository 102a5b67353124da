import { reportHookError } from '../base/report-hook-error.ts'
import type { Stage, StageOutcome, StageOutput } from './stage.ts'

/** A stage whose item types nobody needs to know: the types were checked where the line was put together. */
export type AnyStage = Stage<never, unknown>

/** The output of a stage inside a line: the next stage. */
class Link implements StageOutput<unknown> {
  readonly #next: Stage<unknown, unknown>
  readonly #line: StageLine
  readonly #sink: StageOutput<unknown>

  constructor(next: AnyStage, line: StageLine, sink: StageOutput<unknown>) {
    this.#next = next as Stage<unknown, unknown>
    this.#line = line
    this.#sink = sink
  }

  emit(item: unknown): void {
    const waiting = this.#next.push(item)
    if (waiting !== undefined) this.#line.waiting = waiting
  }

  error(reason: unknown): void {
    this.#sink.error(reason)
  }

  get desiredSize(): number {
    return this.#sink.desiredSize
  }

  get queued(): number {
    return this.#sink.queued
  }
}

/**
 * Stages one after the other: an item pushed in at the front walks through all of them, down to the sink,
 * in one synchronous call.
 */
export class StageLine {
  /** What the last push left unfinished; whoever drives the line waits for it before the next push. */
  waiting: Promise<void> | undefined
  readonly #stages: readonly AnyStage[]
  readonly #head: StageOutput<unknown>
  #disposed = false

  constructor(stages: readonly AnyStage[], sink: StageOutput<unknown>) {
    this.#stages = stages
    const outputs = stages.map((_, index): StageOutput<unknown> => {
      const next = stages[index + 1]
      return next === undefined ? sink : new Link(next, this, sink)
    })
    const first = stages[0]
    this.#head = first === undefined ? sink : new Link(first, this, sink)
    // Back to front: a stage that emits in `start` finds the ones behind it ready.
    for (let index = stages.length - 1; index >= 0; index--) {
      stages[index]?.start(outputs[index] as StageOutput<unknown>)
    }
  }

  push(item: unknown): void {
    this.#head.emit(item)
  }

  /** Waits until all that was pushed has been worked off. */
  async settleWaiting(): Promise<void> {
    while (this.waiting !== undefined) {
      const waiting = this.waiting
      await waiting
      // What was emitted meanwhile may have left a later stage with something to wait for.
      if (this.waiting === waiting) this.waiting = undefined
    }
  }

  /** Lets every stage give what it still holds, front to back, so that each passes through those behind it. */
  async end(): Promise<void> {
    for (const stage of this.#stages) {
      await this.settleWaiting()
      if (this.#disposed) return
      await stage.end?.()
    }
    await this.settleWaiting()
  }

  pause(): void {
    for (const stage of this.#stages) stage.pause?.()
  }

  resume(): void {
    for (const stage of this.#stages) stage.resume?.()
  }

  /** Ends every stage, once; what one throws does not keep the others from their end. */
  dispose(outcome: StageOutcome, reason?: unknown): void {
    if (this.#disposed) return
    this.#disposed = true
    for (const stage of this.#stages) {
      try {
        stage.dispose?.(outcome, reason)
      } catch (error) {
        reportHookError(error)
      }
    }
  }
}
