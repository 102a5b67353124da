import type { Aborter } from '../../../src/base/aborter.ts'
import { PushedBody } from '../../../src/transport/pushed-body.ts'
import type { Transport, TransportCall } from '../../../src/transport/transport.ts'

/** How a scripted upstream replies to one request. */
export interface Reply {
  /** Reads the whole request body first. */
  readsBody?: boolean
  /** The delay before the response head, in milliseconds; `Infinity` for no response. */
  afterMs?: number
  /** What `send` rejects with instead of a response. */
  error?: unknown
  status?: number
  headers?: Record<string, string>
  /** The chunks of the body; `null` for a response without a body. */
  chunks?: readonly string[] | null
  /** How the body ends; `open` for a body that does not. */
  end?: 'done' | 'open' | { error: unknown }
}

/** One request that was sent, and what became of its response. */
export interface ScriptedRequest extends TransportCall {
  /** What was read of the request body. */
  received: string
  /** The response body, to push more into it. */
  responseBody?: PushedBody
  /** Whether the response body was cancelled. */
  isCancelled: boolean
}

/** A transport without sockets, which replies to its n-th request as the script says. */
export class ScriptedTransport implements Transport {
  readonly requests: ScriptedRequest[] = []
  readonly #script: (index: number) => Reply

  constructor(script: Reply | readonly Reply[] | ((index: number) => Reply)) {
    if (typeof script === 'function') this.#script = script
    else if (Array.isArray(script)) {
      this.#script = (index) => script[Math.min(index, script.length - 1)] as Reply
    } else this.#script = () => script as Reply
  }

  async send(call: TransportCall): ReturnType<Transport['send']> {
    const { aborter } = call
    aborter.throwIfAborted()
    const request: ScriptedRequest = { ...call, received: '', isCancelled: false }
    const reply = this.#script(this.requests.length)
    this.requests.push(request)
    await orAborted(aborter, reply.readsBody === true ? readBody(request) : undefined)
    const { afterMs = 0, error, status = 200, headers = SSE, chunks = [], end = 'done' } = reply
    if (afterMs > 0) await delay(afterMs, aborter)
    if (error !== undefined) throw error
    const head = { status, statusText: '', headers: new Headers(headers) }
    if (chunks === null) return { ...head, body: null }
    const body = new PushedBody({
      resume: () => {},
      abort: () => {
        request.isCancelled = true
      },
    })
    request.responseBody = body
    aborter.listen(() => body.fail(aborter.reason))
    for (const chunk of chunks) body.push(new TextEncoder().encode(chunk))
    if (end === 'done') body.end()
    else if (end !== 'open') body.fail(end.error)
    return { ...head, body }
  }
}

export const SSE = { 'content-type': 'text/event-stream' }

async function readBody(request: ScriptedRequest): Promise<void> {
  if (request.body === null) return
  const decoder = new TextDecoder()
  for await (const chunk of new Response(request.body as BodyInit).body ?? [])
    request.received += decoder.decode(chunk)
}

function delay(ms: number, aborter: Aborter): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const elapsed = new Promise<void>((resolve) => {
    if (ms !== Infinity) timer = setTimeout(resolve, ms)
  })
  return orAborted(aborter, elapsed).finally(() => clearTimeout(timer))
}

function orAborted(aborter: Aborter, work: Promise<void> | undefined): Promise<void> {
  if (work === undefined) return Promise.resolve()
  return new Promise((resolve, reject) => {
    aborter.listen(() => reject(aborter.reason))
    work.then(resolve, reject)
  })
}
