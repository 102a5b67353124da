import { callHook } from '../base/call-hook.ts'
import { checkSync } from '../base/check-sync.ts'
import { isThenable } from '../base/is-thenable.ts'
import type { Stage, StageOutcome, StageOutput } from './stage.ts'
import type { StageObserver } from './stage-observer.ts'

/** A stage whose item types nobody needs to know: the types were checked where the line was put together. */
export type AnyStage = Stage<never, unknown>

/** What to do instead of an asynchronous stage. */
export const ASYNC_CURE = '. Do asynchronous work in a TransformStream, with pipeThrough'

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
    if (this.#line.isDisposed) return
    const returned: unknown = this.#next.push(item)
    if (returned !== undefined) checkReturned(this.#next, 'push', returned)
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
  isDisposed = false
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
      return next === undefined ? sink : new Link(next, this, sink)
    })
    const first = stages[0]
    this.#head = first === undefined ? sink : new Link(first, this, sink)
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

  /** Lets every stage give what it still holds, front to back, so that each passes through those behind it. */
  end(): void {
    for (const observer of this.#observers) observer.end?.()
    for (const stage of this.#stages) {
      if (this.isDisposed) return
      const returned: unknown = stage.end?.()
      if (returned !== undefined) checkReturned(stage, 'end', returned)
    }
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

/** @throws TypeError for a promise */
function checkReturned(stage: AnyStage, method: 'push' | 'end', returned: unknown): void {
  if (isThenable(returned)) checkSync(`${method}() of ${nameOf(stage)}`, returned, ASYNC_CURE)
}

function nameOf(stage: AnyStage): string {
  const { name } = stage.constructor
  return name === 'Object' ? 'a stage' : `the stage ${name}`
}
