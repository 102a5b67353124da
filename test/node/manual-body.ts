import { within } from '../support/within.ts'

/** A promise with its resolvers. */
export interface Deferred<T> {
  readonly promise: Promise<T>
  resolve(value: T): void
}

export function deferred<T>(): Deferred<T> {
  let resolve: (value: T) => void = () => {}
  const promise = new Promise<T>((settle) => {
    resolve = settle
  })
  return { promise, resolve: (value) => resolve(value) }
}

/** The cancel of a body; a timeout names it. */
function named(cancelled: Promise<unknown>): Promise<unknown> {
  const waited = within('cancel of the response body', cancelled)
  // A test may await it later.
  waited.catch(() => {})
  return waited
}

/** A body that a test controls. */
export interface ManualBody {
  readonly stream: ReadableStream<Uint8Array>
  /** Resolves with the reason when the body is cancelled. */
  readonly cancelled: Promise<unknown>
  send(text: string): void
  close(): void
  fail(reason: unknown): void
}

export function manualBody(): ManualBody {
  let controller: ReadableStreamDefaultController<Uint8Array> | undefined
  const { promise: cancelled, resolve } = deferred<unknown>()
  const stream = new ReadableStream<Uint8Array>({
    start: (own) => {
      controller = own
    },
    cancel: (reason) => resolve(reason),
  })
  return {
    stream,
    get cancelled() {
      return named(cancelled)
    },
    send: (text) => controller?.enqueue(Buffer.from(text)),
    close: () => controller?.close(),
    fail: (reason) => controller?.error(reason),
  }
}

/** An endless body that counts the bytes that were read and reports when it is paused. */
export interface EndlessBody {
  readonly stream: ReadableStream<Uint8Array>
  readonly cancelled: Promise<unknown>
  readonly bytes: number
  /** Resolves when nothing was read during some turns of the event loop. */
  idle(): Promise<void>
}

export function endlessBody(chunkBytes = 65_536): EndlessBody {
  let bytes = 0
  const { promise: cancelled, resolve } = deferred<unknown>()
  const stream = new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        bytes += chunkBytes
        controller.enqueue(new Uint8Array(chunkBytes))
      },
      cancel: (reason) => resolve(reason),
    },
    { highWaterMark: 0 },
  )
  return {
    stream,
    get cancelled() {
      return named(cancelled)
    },
    get bytes() {
      return bytes
    },
    async idle() {
      for (let quiet = 0, seen = -1; quiet < 200; quiet++) {
        if (seen !== bytes) quiet = 0
        seen = bytes
        await new Promise((next) => setImmediate(next))
      }
    },
  }
}
