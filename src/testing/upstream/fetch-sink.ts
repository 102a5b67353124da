import { isBodilessStatus } from '../../http/bodiless-status.ts'
import type { RequestRecord } from './request-record.ts'
import type { StepSink } from './run-steps.ts'

/**
 * Runs the steps of a script as the response of a `fetch` without a socket. No buffer lies between script and reader,
 * so backpressure shows at the first byte. Errors are those of undici's fetch.
 */
export class FetchSink implements StepSink {
  readonly response: Promise<Response>
  readonly #record: RequestRecord
  #resolve!: (response: Response) => void
  #reject!: (reason: unknown) => void
  #controller: ReadableByteStreamController | undefined
  #waiting: { bytes: Uint8Array; taken: () => void } | undefined
  /** Resolves the `pull` that waits for the next chunk. */
  #given: (() => void) | undefined

  constructor(record: RequestRecord) {
    this.#record = record
    this.response = new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
  }

  head(status: number, headers: Headers): void {
    if (this.#record.method === 'HEAD' || isBodilessStatus(status)) {
      this.#resolve(new Response(null, { status, headers }))
      return
    }
    // A byte stream without a queue, like the body of a real fetch.
    const body = new ReadableStream({
      type: 'bytes',
      start: (controller: ReadableByteStreamController) => {
        this.#controller = controller
      },
      pull: () => this.#pull(),
      cancel: () => {
        this.#controller = undefined
        this.#record.close()
        this.#release()
      },
    })
    this.#resolve(new Response(body, { status, headers }))
  }

  write(bytes: Uint8Array): Promise<void> {
    const controller = this.#controller
    if (controller === undefined || bytes.length === 0) return Promise.resolve()
    return new Promise((taken) => {
      this.#waiting = { bytes, taken }
      if (this.#given === undefined) this.#record.pauses++
      else this.#give(controller)
    })
  }

  wire(): Promise<void> {
    throw new TypeError('Cannot run the step wire without a socket: use listen()')
  }

  end(): void {
    this.#controller?.close()
    // A pending read into the reader's own buffer resolves only when the buffer is returned.
    this.#controller?.byobRequest?.respond(0)
    this.#over()
  }

  cut(): void {
    this.breakOff(networkError('UND_ERR_SOCKET', 'other side closed'))
  }

  reset(): void {
    this.breakOff(networkError('ECONNRESET', 'read ECONNRESET'))
  }

  /** Rejects the response, or errors its body. */
  breakOff(reason: unknown): void {
    const error =
      reason instanceof NetworkError
        ? new TypeError(this.#controller === undefined ? 'fetch failed' : 'terminated', {
            cause: reason,
          })
        : reason
    this.#reject(error)
    this.#controller?.error(error)
    this.#over()
  }

  #over(): void {
    this.#controller = undefined
    this.#record.close()
    this.#release()
  }

  #pull(): undefined | Promise<void> {
    if (this.#controller === undefined) return
    if (this.#waiting !== undefined) {
      this.#give(this.#controller)
      return
    }
    return new Promise((resolve) => {
      this.#given = resolve
    })
  }

  #give(controller: ReadableByteStreamController): void {
    if (this.#waiting === undefined) return
    // A copy: a byte stream transfers its chunks, and the script may send the same bytes again.
    controller.enqueue(this.#waiting.bytes.slice())
    this.#record.bytesTaken += this.#waiting.bytes.length
    this.#release()
  }

  #release(): void {
    const { taken } = this.#waiting ?? {}
    const given = this.#given
    this.#waiting = undefined
    this.#given = undefined
    given?.()
    taken?.()
  }
}

class NetworkError extends Error {
  readonly code: string

  constructor(code: string, message: string) {
    super(message)
    this.code = code
  }
}

function networkError(code: string, message: string): NetworkError {
  return new NetworkError(code, message)
}
