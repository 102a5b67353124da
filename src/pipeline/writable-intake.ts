import { callHook } from '../base/call-hook.ts'
import type { Intake } from './intake.ts'
import type { StageDriver } from './stage-driver.ts'

/** The hooks of a {@link WritableIntake}. */
export interface WritableIntakeHooks {
  readonly onFull?: (() => void) | undefined
  readonly onWanted?: (() => void) | undefined
}

/** A `WritableStream` whose items go to a driver; a write waits until the output accepts items. */
export class WritableIntake<In, Out> implements Intake {
  /** Set before the first use of `writable`. */
  driver!: StageDriver<Out>
  readonly writable: WritableStream<In>
  readonly #hooks: WritableIntakeHooks
  #controller!: WritableStreamDefaultController
  /** Resolves the promise that a write waits for. */
  #release: (() => void) | undefined

  constructor(hooks: WritableIntakeHooks) {
    this.#hooks = hooks
    this.writable = new WritableStream<In>({
      start: (controller) => {
        this.#controller = controller
        // A stream waits for the write in flight before it calls `abort` of its sink. Only this signal fires at
        // once, and without it a write that waits for a reader would wait for ever.
        controller.signal.addEventListener('abort', () => this.#releaseWrite(), { once: true })
      },
      write: (item) => this.#write(item),
      close: () => this.driver.end(),
      abort: (reason) => this.driver.fail(reason),
    })
  }

  open(wasFull: boolean): void {
    if (wasFull) callHook('onWanted', () => this.#hooks.onWanted?.())
    this.#releaseWrite()
  }

  full(): void {
    callHook('onFull', () => this.#hooks.onFull?.())
  }

  cancel(reason: unknown): void {
    // Not by throwing from a write: Node 26.4 and 26.5 crash when a stage in a pipe throws.
    this.#controller.error(reason)
    this.#releaseWrite()
  }

  #write(item: In): void | Promise<void> {
    if (this.driver.isOpen) {
      this.driver.push(item)
      return
    }
    this.driver.pause()
    if (!this.driver.isRunning) return
    return new Promise<void>((resolve) => {
      this.#release = resolve
    }).then(() => {
      this.driver.resume()
      this.driver.push(item)
    })
  }

  #releaseWrite(): void {
    const release = this.#release
    this.#release = undefined
    release?.()
  }
}
