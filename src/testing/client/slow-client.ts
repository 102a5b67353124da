import { checkNumber } from '../../base/check-number.ts'
import type { StreamVerdict } from '../../base/stream-verdict.ts'
import { startWait, type Wait } from '../start-wait.ts'
import type { ClientRequest } from './client-request.ts'
import { type ClientHead, clientSource } from './client-source.ts'

/** How slow a {@link slowClient} is, and what it asks for. */
export interface SlowClientOptions extends ClientRequest {
  /** How many bytes of the body it takes in a second. @default Infinity */
  bytesPerSecond?: number | undefined
  /** Starts paused: the body is not read until `resume()`. @default false */
  paused?: boolean | undefined
  /** How much of the body is kept for `text`, in bytes; the rest is only counted. @default 1_048_576 (1 MiB) */
  maxKeptBytes?: number | undefined
}

/** A client that reads a body as slowly as it is told to. */
export interface SlowClient {
  /** The head of the answer; rejects if there was none. */
  readonly head: Promise<ClientHead>
  /** How many bytes of the body it has taken. */
  readonly bytesReceived: number
  /** What it has taken, at most `maxKeptBytes`, as UTF-8. */
  readonly text: string
  /**
   * How the response ended: `complete` as far as HTTP can tell, `error`, or `cancelled` if this client left.
   * Never rejects.
   */
  readonly verdict: Promise<StreamVerdict>
  /** With what error it ended, if it did. */
  readonly error: unknown
  /** Takes nothing more until `resume()`. */
  pause(): void
  resume(): void
  /** Resolves when so many bytes have been taken; rejects if the answer ended before. */
  received(bytes: number): Promise<void>
  /** Goes away at once: the socket is destroyed, or the body cancelled. */
  leave(): void
}

/**
 * Reads an answer slowly, or not at all: over a connection of its own, or from a `Response`.
 *
 * Over a socket it stops reading the socket itself, so that the other side's writes fill up. The system's
 * buffers of both ends lie between, hundreds of KiB to some MiB on loopback, and cannot be made smaller from
 * here: to see backpressure, the other side has to send more than that.
 *
 * - Holds one chunk that was read and not yet taken, and `maxKeptBytes` of what was.
 * - Backpressure: that is what it makes.
 * - Cancel, by `leave()`: at once, also while paused and before the head; its timer is then gone.
 * - Error: `verdict` is `error`, and `error` the reason; a body shorter than HTTP said is one too.
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
      this.#tell()
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
    this.#tell()
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

  /** Takes a chunk piece by piece, each a tenth of a second's worth. */
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
      this.#tell()
      if (this.#bytesPerSecond === Infinity) continue
      this.#wait = startWait((piece.length * 1000) / this.#bytesPerSecond)
      await this.#wait.over
    }
  }

  #keep(piece: Uint8Array): void {
    const room = this.#maxKeptBytes - this.bytesReceived
    if (room > 0) this.text += this.#utf8.decode(piece.subarray(0, room), { stream: true })
  }

  #tell(): void {
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
