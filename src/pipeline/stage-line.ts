import { callHook } from '../base/call-hook.ts'
import { checkSync } from '../base/check-sync.ts'
import { isThenable } from '../base/is-thenable.ts'
import type { Stage, StageOutcome, StageOutput } from './stage.ts'
import type { StageObserver } from './stage-observer.ts'

/** A stage of any item types; they were checked where the line was put together. */
export type AnyStage = Stage<never, unknown>

/** The cure in errors about asynchronous stages. */
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
 * A sequence of stages: an item that is pushed passes through all of them to the sink in one synchronous call.
 */
export class StageLine {
  isDisposed = false
  readonly #stages: readonly AnyStage[]
  readonly #observers: readonly StageObserver[]
  /** The stages and observers that have started, in their order. */
  #members: readonly (AnyStage | StageObserver)[]
  readonly #head: StageOutput<unknown>

  constructor(
    stages: readonly AnyStage[],
    sink: StageOutput<unknown>,
    observers: readonly StageObserver[] = [],
  ) {
    this.#stages = stages
    this.#observers = observers
    this.#members = (stages as readonly (AnyStage | StageObserver)[]).concat(observers)
    let head = sink
    let at = stages.length
    let observed = 0
    try {
      // Back to front: when a stage emits in `start`, those behind it have started.
      while (at > 0) {
        const stage = stages[--at] as AnyStage
        stage.start(head)
        head = new Link(stage, this, sink)
      }
      for (const observer of observers) {
        observed++
        observer.start(sink)
      }
    } catch (error) {
      // Those that have started may hold timers.
      this.#members = this.#members.slice(at, stages.length + observed)
      this.dispose('failed', error)
      throw error
    }
    this.#head = head
  }

  push(item: unknown): void {
    this.#head.emit(item)
  }

  /** Lets every stage emit what it still holds, front to back, so that it passes through those behind. */
  end(): void {
    for (const observer of this.#observers) observer.end?.()
    for (const stage of this.#stages) {
      if (this.isDisposed) return
      const returned: unknown = stage.end?.()
      if (returned !== undefined) checkReturned(stage, 'end', returned)
    }
  }

  /** Lets every stage emit what belongs before an error; what one throws does not change the error. */
  fail(reason: unknown): void {
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

  /** Disposes every stage and observer, once; what one throws does not affect the others. */
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
  const { name } = (stage as { constructor?: { name: string } }).constructor ?? Object
  return name === 'Object' ? 'a stage' : `the stage ${name}`
}
