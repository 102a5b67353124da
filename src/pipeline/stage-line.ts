import { callHook } from '../base/call-hook.ts'
import type { Stage, StageOutcome, StageOutput } from './stage.ts'
import type { StageObserver } from './stage-observer.ts'

/** A stage whose item types nobody needs to know: the types were checked where the line was put together. */
export type AnyStage = Stage<never, unknown>

/** The output of a stage inside a line: the next stage. */
class Link implements StageOutput<unknown> {
  readonly #next: Stage<unknown, unknown>
  readonly #index: number
  readonly #line: StageLine
  readonly #sink: StageOutput<unknown>

  constructor(next: AnyStage, index: number, line: StageLine, sink: StageOutput<unknown>) {
    this.#next = next as Stage<unknown, unknown>
    this.#index = index
    this.#line = line
    this.#sink = sink
  }

  emit(item: unknown): void {
    if (this.#line.isDisposed) return
    const waiting = this.#next.push(item)
    if (waiting !== undefined) this.#line.waitFor(this.#index, waiting)
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
  /** Whether pushes left something unfinished; whoever drives the line waits for it before the next push. */
  isWaiting = false
  isDisposed = false
  /** What the last push to each stage left unfinished, by the stage's place in the line. */
  readonly #unfinished: (Promise<void> | undefined)[] = []
  readonly #stages: readonly AnyStage[]
  readonly #observers: readonly StageObserver[]
  /** The stages and observers that have started, in their order. */
  readonly #members: (AnyStage | StageObserver)[] = []
  readonly #head: StageOutput<unknown>

  constructor(
    stages: readonly AnyStage[],
    sink: StageOutput<unknown>,
    observers: readonly StageObserver[] = [],
  ) {
    this.#stages = stages
    this.#observers = observers
    const outputs = stages.map((_, index): StageOutput<unknown> => {
      const next = stages[index + 1]
      return next === undefined ? sink : new Link(next, index + 1, this, sink)
    })
    const first = stages[0]
    this.#head = first === undefined ? sink : new Link(first, 0, this, sink)
    // Back to front: a stage that emits in `start` finds the ones behind it ready.
    try {
      for (const [index, stage] of [...stages.entries()].reverse()) {
        this.#members.unshift(stage)
        stage.start(outputs[index] as StageOutput<unknown>)
      }
      for (const observer of observers) {
        this.#members.push(observer)
        observer.start(sink)
      }
    } catch (error) {
      // Those that have started may hold timers.
      this.dispose('failed', error)
      throw error
    }
  }

  push(item: unknown): void {
    this.#head.emit(item)
  }

  waitFor(index: number, unfinished: Promise<void>): void {
    // `settleWaiting` takes up its failure, but maybe only after that of a stage in front of it.
    unfinished.catch(() => {})
    this.#unfinished[index] = unfinished
    this.isWaiting = true
  }

  /** Waits until all that was pushed has been worked off, and throws the error of the earliest item. */
  async settleWaiting(): Promise<void> {
    let failure: { error: unknown } | undefined
    // Front to back: what a stage gives while it is waited for goes to those behind it.
    for (let index = 0; index < this.#stages.length; index++) {
      try {
        await this.#settle(index)
      } catch (error) {
        // Behind a stage there are earlier items: their error is the one that counts.
        failure = { error }
      }
    }
    this.isWaiting = false
    if (failure !== undefined) throw failure.error
  }

  /** Waits for the items before the one that failed, and returns the error that came first. */
  async settleBefore(error: unknown): Promise<unknown> {
    try {
      await this.settleWaiting()
      return error
    } catch (earlier) {
      return earlier
    }
  }

  async #settle(index: number): Promise<void> {
    for (;;) {
      const unfinished = this.#unfinished[index]
      if (unfinished === undefined) return
      await unfinished
      if (this.#unfinished[index] === unfinished) this.#unfinished[index] = undefined
    }
  }

  /** Lets every stage give what it still holds, front to back, so that each passes through those behind it. */
  async end(): Promise<void> {
    for (const observer of this.#observers) observer.end?.()
    for (const stage of this.#stages) {
      await this.settleWaiting()
      if (this.isDisposed) return
      await stage.end?.()
    }
    await this.settleWaiting()
  }

  /** Lets every stage say its last word before an error; the error goes out whatever they make of it. */
  fail(reason: unknown): void {
    if (this.isDisposed) return
    for (const stage of this.#stages) {
      callHook('fail', () => stage.fail?.(reason))
    }
  }

  /** How many bytes the stages hold together. */
  get heldBytes(): number {
    let bytes = 0
    for (const stage of this.#stages) bytes += stage.heldBytes ?? 0
    return bytes
  }

  pause(): void {
    for (const member of this.#members) member.pause?.()
  }

  resume(): void {
    for (const member of this.#members) member.resume?.()
  }

  /** Ends every stage and observer, once; what one throws does not keep the others from their end. */
  dispose(outcome: StageOutcome, reason?: unknown): void {
    if (this.isDisposed) return
    this.isDisposed = true
    for (const member of this.#members) {
      callHook('dispose', () => member.dispose?.(outcome, reason))
    }
  }
}
