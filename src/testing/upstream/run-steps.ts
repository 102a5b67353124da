import { isThenable } from '../../base/is-thenable.ts'
import { shown } from '../../base/shown.ts'
import { isBodilessStatus } from '../../http/bodiless-status.ts'
import type { RequestRecord } from './request-record.ts'
import type { BodyCoding, StepHeaders, UpstreamStep } from './step.ts'

/** The output of a script: a response on a socket, or of a `fetch`. */
export interface StepSink {
  head(status: number, headers: Headers, coding: BodyCoding | undefined): void | Promise<void>
  /** Resolves when more can be written, or when the exchange is over. */
  write(bytes: Uint8Array): Promise<void>
  wire(bytes: Uint8Array): Promise<void>
  end(): void | Promise<void>
  cut(): void | Promise<void>
  reset(): void | Promise<void>
}

/** The steps of a script; an endless source is read no faster than the client reads the response. */
export type StepSource = Iterable<UpstreamStep> | AsyncIterable<UpstreamStep>

/** Runs a script against one request, until it ends or the exchange is over. */
export async function runSteps(
  steps: StepSource,
  sink: StepSink,
  record: RequestRecord,
): Promise<void> {
  let coding: BodyCoding | undefined
  /** Whether `wire` has sent the head: ending the response would send a second one. */
  let isRaw = false
  const sendHead = async (status = 200, init: StepHeaders = {}): Promise<void> => {
    if (record.isAnswered) return
    record.isAnswered = true
    const headers = new Headers(init)
    if (status === 200 && !headers.has('content-type')) {
      headers.set('content-type', 'text/event-stream')
    }
    if (coding !== undefined) headers.set('content-encoding', coding)
    await sink.head(status, headers, coding)
    // Ended at once: an endless script would otherwise write for ever.
    if (record.method === 'HEAD' || isBodilessStatus(status)) await finish('end')
  }
  const finish = async (how: 'end' | 'cut' | 'reset'): Promise<void> => {
    if (how === 'end') await sendHead()
    if (record.isDone) return
    record.isDone = true
    await sink[how === 'end' && isRaw ? 'cut' : how]()
  }

  for await (const step of steps) {
    switch (step.kind) {
      case 'coding':
        if (record.isAnswered)
          throw new TypeError(
            'Cannot run the step coding after the head has been sent: put it first',
          )
        coding = step.coding
        break
      case 'head':
        if (record.isAnswered)
          throw new TypeError(
            'Cannot run the step status after the head has been sent: put it before the body',
          )
        await sendHead(step.status, step.headers)
        break
      case 'bytes':
        await sendHead()
        if (!record.isDone) await sink.write(step.bytes)
        break
      case 'whole': {
        const headers = new Headers(step.headers)
        if (coding === undefined) headers.set('content-length', String(step.bytes.length))
        await sendHead(step.status, headers)
        if (!record.isDone) await sink.write(step.bytes)
        return await finish('end')
      }
      case 'wire':
        isRaw ||= !record.isAnswered
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
        if (!isThenable(gate)) {
          throw new TypeError(`step.until must get a promise from its function: got ${shown(gate)}`)
        }
        await waitFor(record.over, (done, fail) => void Promise.resolve(gate).then(done, fail))
        break
      }
      case 'hang':
        await sendHead()
        return
      case 'never':
        return
      default:
        return await finish(step.kind)
    }
    // Before the next step is taken: a generator must not run on after its client has disconnected.
    if (record.over.aborted || record.isDone) return
  }
  if (!record.over.aborted) await finish('end')
}

/** Removes its listener after each wait: racing one long-lived promise would leak a reaction for every step. */
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
