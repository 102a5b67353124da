import { checkNumber } from '../base/check-number.ts'
import type { StreamVerdict } from '../base/stream-verdict.ts'
import { startWait, type Wait } from './start-wait.ts'

/**
 * One step of a script: text or bytes are one chunk; `waitMs` delays the next step by that many milliseconds
 * (`Infinity`: for ever); `error` errors the stream with that value.
 */
export type StreamStep = string | Uint8Array | { waitMs: number } | { error: unknown }

/** `open` until a scripted stream ends, then how it ended: `complete`, `error`, or `cancelled` by its reader. */
export type ScriptedStreamState = 'open' | StreamVerdict

/** The stream that {@link streamOf} returns, which records what its reader does. */
export class ScriptedStream extends ReadableStream<Uint8Array> {
  readonly #script: Script

  constructor(steps: Iterable<StreamStep>) {
    const script = new Script(steps)
    super(
      {
        pull: (controller) => script.pull(controller),
        cancel: (reason) => script.cancel(reason),
      },
      { highWaterMark: 0 },
    )
    this.#script = script
  }

  /** How often the reader has pulled a chunk. */
  get pulls(): number {
    return this.#script.pulls
  }

  /** How many bytes the reader has received. */
  get bytesSent(): number {
    return this.#script.bytesSent
  }

  /** Whether the stream is open, and if not, how it ended. */
  get state(): ScriptedStreamState {
    return this.#script.state
  }

  /** The reason that the reader cancelled with. */
  get cancelReason(): unknown {
    return this.#script.cancelReason
  }

  /** Resolves to how the stream ended. Never rejects. */
  get verdict(): Promise<StreamVerdict> {
    return this.#script.verdict
  }
}

class Script {
  pulls = 0
  bytesSent = 0
  state: ScriptedStreamState = 'open'
  cancelReason: unknown
  readonly verdict: Promise<StreamVerdict>
  readonly #steps: Iterator<StreamStep>
  #wait: Wait | undefined
  #settle!: (verdict: StreamVerdict) => void

  constructor(steps: Iterable<StreamStep>) {
    this.#steps = steps[Symbol.iterator]()
    this.verdict = new Promise((resolve) => {
      this.#settle = resolve
    })
  }

  async pull(controller: ReadableStreamDefaultController<Uint8Array>): Promise<void> {
    this.pulls++
    try {
      while (this.state === 'open') {
        const { done, value: step } = this.#steps.next()
        if (done) {
          this.#end('complete')
          controller.close()
          return
        }
        if (typeof step === 'object' && 'waitMs' in step) {
          this.#wait = startWait(
            checkNumber('waitMs', step.waitMs, { min: 0, infinity: true, fraction: true }),
          )
          await this.#wait.over
        } else if (typeof step === 'object' && 'error' in step) {
          this.#end('error')
          controller.error(step.error)
        } else {
          const chunk = toChunk(step)
          this.bytesSent += chunk.length
          controller.enqueue(chunk)
          return
        }
      }
    } catch (error) {
      this.#end('error')
      throw error
    }
  }

  cancel(reason: unknown): void {
    this.cancelReason = reason
    this.#end('cancelled')
    this.#wait?.stop()
  }

  #end(verdict: StreamVerdict): void {
    this.state = verdict
    this.#settle(verdict)
    if (verdict !== 'complete') this.#steps.return?.()
  }
}

function toChunk(step: string | Uint8Array): Uint8Array {
  if (typeof step === 'string') return new TextEncoder().encode(step)
  if (ArrayBuffer.isView(step)) return step
  throw new TypeError(`A step must be text, bytes, { waitMs } or { error }: got ${String(step)}`)
}
