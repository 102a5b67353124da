import { checkNumber } from '../../base/check-number.ts'
import type { StreamVerdict } from '../../base/stream-verdict.ts'
import { startWait, type Wait } from '../start-wait.ts'
import type { ClientRequest } from './client-request.ts'
import { type ClientHead, clientSource } from './client-source.ts'

/** The request of a {@link slowClient}, and its pace. */
export interface SlowClientOptions extends ClientRequest {
  /** Bytes of the body to read per second. @default Infinity */
  bytesPerSecond?: number | undefined
  /** Starts paused: does not read the body until `resume()`. @default false */
  paused?: boolean | undefined
  /** Bytes of the body to keep for `text`; the rest is only counted. @default 1_048_576 (1 MiB) */
  maxKeptBytes?: number | undefined
}

/** A client that reads a body slowly. */
export interface SlowClient {
  /** Resolves to the head of the response; rejects if there is none. */
  readonly head: Promise<ClientHead>
  /** Bytes of the body that it has read. */
  readonly bytesReceived: number
  /** The first `maxKeptBytes` of them, as UTF-8. */
  readonly text: string
  /**
   * Resolves to how the response ended: `complete` according to HTTP, `error`, or `cancelled` by `leave()`.
   * Never rejects.
   */
  readonly verdict: Promise<StreamVerdict>
  /** The error that it ended with; `undefined` for other endings. */
  readonly error: unknown
  /** Stops reading until `resume()`. */
  pause(): void
  resume(): void
  /** Resolves once this many bytes have been read; rejects if the response ends before. */
  received(bytes: number): Promise<void>
  /** Disconnects at once: destroys the socket, or cancels the body. */
  leave(): void
}

/**
 * Reads a response slowly, or not at all: on a connection of its own, or from a `Response`.
 *
 * On a connection, a paused client does not read the socket, so the server's write buffer fills up. Before it does, the
 * system's buffers take hundreds of KiB to some MiB on loopback: to see backpressure, a server has to send more.
 *
 * - Holds one chunk, and `maxKeptBytes` of what it has read.
 * - Backpressure: reads `bytesPerSecond`, and nothing while paused.
 * - Cancel: `leave()` disconnects at once, also while paused and before the head, and clears the timer.
 * - Error: `verdict` is `error` and `error` the reason, also for a body shorter than its framing.
 *
 * @throws RangeError for a `bytesPerSecond` below 1
 *
 * @example A client that stops reading
 * ```ts
 * import { fakeUpstream, slowClient, step } from 'sse-stream-kit/testing'
 *
 * const upstream = fakeUpstream(function* () {
 *   for (;;) yield step.raw(new Uint8Array(65_536))
 * })
 * const client = slowClient(await upstream.listen())
 * await client.received(1_000_000)
 * client.pause()
 * console.log(client.bytesReceived)
 * client.leave()
 * console.log(await client.verdict) // cancelled
 * await upstream.close()
 * ```
 */
export function slowClient(
  source: string | URL | Response,
  {
    bytesPerSecond = Infinity,
    paused = false,
    maxKeptBytes = 1_048_576,
    ...request
  }: SlowClientOptions = {},
): SlowClient {
  checkNumber('bytesPerSecond', bytesPerSecond, { min: 1, infinity: true, fraction: true })
  checkNumber('maxKeptBytes', maxKeptBytes, { min: 0, infinity: true })
  return new Client(source, request, bytesPerSecond, maxKeptBytes, paused)
}

class Client implements SlowClient {
  readonly head: Promise<ClientHead>
  readonly verdict: Promise<StreamVerdict>
  bytesReceived = 0
  text = ''
  error: unknown
  readonly #source: ReturnType<typeof clientSource>
  readonly #bytesPerSecond: number
  readonly #maxKeptBytes: number
  readonly #utf8 = new TextDecoder()
  readonly #waiting = new Set<{ bytes: number; resolve: () => void; reject: (e: Error) => void }>()
  #pause: { over: Promise<void>; stop: () => void } | undefined
  #wait: Wait | undefined
  #hasLeft = false
  #hasEnded = false

  constructor(
    source: string | URL | Response,
    request: ClientRequest,
    bytesPerSecond: number,
    maxKeptBytes: number,
    paused: boolean,
  ) {
    this.#bytesPerSecond = bytesPerSecond
    this.#maxKeptBytes = maxKeptBytes
    if (paused) this.pause()
    this.#source = clientSource(source, request)
    this.head = this.#source.head
    this.verdict = this.#run()
  }

  pause(): void {
    this.#pause ??= startWait(Infinity)
  }

  resume(): void {
    this.#pause?.stop()
    this.#pause = undefined
  }

  received(bytes: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const waiting = { bytes, resolve, reject }
      this.#waiting.add(waiting)
      this.#notify()
    })
  }

  leave(): void {
    if (this.#hasEnded) return
    this.#hasLeft = true
    this.#source.leave()
    this.#wait?.stop()
    this.resume()
  }

  async #run(): Promise<StreamVerdict> {
    let verdict: StreamVerdict = 'complete'
    try {
      await this.#readAll()
    } catch (error) {
      verdict = 'error'
      this.error = error
    }
    this.#hasEnded = true
    this.#notify()
    if (!this.#hasLeft) return verdict
    this.error = undefined
    return 'cancelled'
  }

  async #readAll(): Promise<void> {
    for (;;) {
      while (this.#pause !== undefined) await this.#pause.over
      if (this.#hasLeft) return
      const chunk = await this.#source.read()
      if (chunk === undefined) return
      await this.#take(chunk)
    }
  }

  /** Takes a chunk in pieces of a tenth of a second each. */
  async #take(chunk: Uint8Array): Promise<void> {
    const pieceBytes = Math.max(1, Math.floor(this.#bytesPerSecond / 10))
    let rest = chunk
    while (rest.length > 0) {
      while (this.#pause !== undefined) await this.#pause.over
      if (this.#hasLeft) return
      const piece = rest.subarray(0, pieceBytes)
      rest = rest.subarray(piece.length)
      this.#keep(piece)
      this.bytesReceived += piece.length
      this.#notify()
      if (this.#bytesPerSecond === Infinity) continue
      this.#wait = startWait((piece.length * 1000) / this.#bytesPerSecond)
      await this.#wait.over
    }
  }

  #keep(piece: Uint8Array): void {
    const freeBytes = this.#maxKeptBytes - this.bytesReceived
    if (freeBytes > 0)
      this.text += this.#utf8.decode(piece.subarray(0, freeBytes), { stream: true })
  }

  #notify(): void {
    for (const waiting of this.#waiting) {
      if (this.bytesReceived >= waiting.bytes) waiting.resolve()
      else if (this.#hasEnded) {
        const message = `Cannot receive ${waiting.bytes} bytes: the response ended after ${this.bytesReceived}`
        waiting.reject(new Error(message, { cause: this.error }))
      } else continue
      this.#waiting.delete(waiting)
    }
  }
}
