import type { RequestRecord } from './request-record.ts'
import type { BodyCoding, UpstreamStep } from './step.ts'

/** Where the steps of a script go: a socket, or the answer of a `fetch`. */
export interface StepSink {
  head(status: number, headers: Headers, coding: BodyCoding | undefined): void
  /** Resolves when more may be written, or when the exchange is over. */
  write(bytes: Uint8Array): Promise<void>
  wire(bytes: Uint8Array): Promise<void>
  end(): void
  cut(): void
  reset(): void
}

/** Any way to give steps one after the other; an endless one is pulled no faster than the client reads. */
export type StepSource = Iterable<UpstreamStep> | AsyncIterable<UpstreamStep>

/** Runs a script against one request, until it ends or the exchange is over. */
export async function runSteps(
  steps: StepSource,
  sink: StepSink,
  record: RequestRecord,
): Promise<void> {
  let coding: BodyCoding | undefined
  const sendHead = (status = 200, init: HeadersInit = {}): void => {
    if (record.isAnswered) return
    record.isAnswered = true
    const headers = new Headers(init)
    if (status === 200 && !headers.has('content-type')) {
      headers.set('content-type', 'text/event-stream')
    }
    if (coding !== undefined) headers.set('content-encoding', coding)
    sink.head(status, headers, coding)
  }
  const finish = (how: 'end' | 'cut' | 'reset'): void => {
    if (how === 'end') sendHead()
    record.isDone = true
    sink[how]()
  }

  for await (const step of steps) {
    switch (step.kind) {
      case 'coding':
        if (record.isAnswered) throw new TypeError('Cannot set the coding after the head was sent')
        coding = step.coding
        break
      case 'head':
        if (record.isAnswered) throw new TypeError('Cannot send a second head')
        sendHead(step.status, step.headers)
        break
      case 'bytes':
        sendHead()
        await sink.write(step.bytes)
        break
      case 'whole': {
        const headers = new Headers(step.headers)
        if (coding === undefined) headers.set('content-length', String(step.bytes.length))
        sendHead(step.status, headers)
        await sink.write(step.bytes)
        return finish('end')
      }
      case 'wire':
        record.isAnswered = true
        await sink.wire(step.bytes)
        break
      case 'wait':
        await waitFor(record.over, (done) => {
          const timer = setTimeout(done, step.waitMs)
          return () => clearTimeout(timer)
        })
        break
      case 'until': {
        const gate = typeof step.gate === 'function' ? step.gate(record) : step.gate
        await waitFor(record.over, (done, fail) => void gate.then(done, fail))
        break
      }
      case 'hang':
        sendHead()
        return
      case 'never':
        return
      default:
        return finish(step.kind)
    }
    // Before the next step is asked for: a generator must not go on for a client that has gone.
    if (record.over.aborted) return
  }
  if (!record.over.aborted) finish('end')
}

/** One listener for each wait, taken off again: racing one long-lived promise would grow with every step. */
function waitFor(
  over: AbortSignal,
  begin: (done: () => void, fail: (reason: unknown) => void) => (() => void) | undefined,
): Promise<void> {
  return new Promise((resolve, reject) => {
    if (over.aborted) return resolve()
    const stop = (): void => {
      over.removeEventListener('abort', stop)
      release?.()
      resolve()
    }
    over.addEventListener('abort', stop)
    const release = begin(stop, (reason) => {
      over.removeEventListener('abort', stop)
      reject(reason)
    })
  })
}
