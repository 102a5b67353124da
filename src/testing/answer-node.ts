import { reportError } from '../base/report-error.ts'
import type { NodeExchange, NodeIncoming, NodeOutgoing } from './node-exchange.ts'

/** The code of RST_STREAM. */
const INTERNAL_ERROR = 2

/** Answers one request of Node's with a fetch-style handler. */
export async function answerNode(
  handler: (request: Request) => Response | Promise<Response>,
  { incoming, outgoing }: NodeExchange,
): Promise<void> {
  const gone = new AbortController()
  let hasSent = false
  outgoing.on('close', () => {
    // Not `writableFinished`: with HTTP/2 that is true as well when the client cancelled the stream.
    if (!hasSent) gone.abort(new DOMException('The client left', 'AbortError'))
  })
  let response: Response
  try {
    response = await handler(toRequest(incoming, gone.signal))
  } catch (error) {
    // A handler that gives up since its client left is no failure.
    if (!gone.signal.aborted) reportError('A handler failed, and its client was sent a 500', error)
    response = new Response('Internal Server Error', { status: 500 })
  }
  try {
    await send(response, incoming.method === 'HEAD', outgoing, gone.signal)
    if (gone.signal.aborted) return
    hasSent = true
    outgoing.end()
  } catch {
    // The body failed after its head was sent: only a broken connection still tells the client so.
    // A stream of HTTP/2 that is only destroyed ends clean.
    if (outgoing.stream === undefined) outgoing.destroy()
    else outgoing.stream.close(INTERNAL_ERROR)
  }
}

async function send(
  response: Response,
  isHead: boolean,
  outgoing: NodeOutgoing,
  gone: AbortSignal,
): Promise<void> {
  const reader = response.body?.getReader()
  const cancel = (): void => void reader?.cancel(gone.reason).catch(() => {})
  if (gone.aborted) return cancel()
  writeHead(response.status, response.headers, outgoing)
  if (isHead || reader === undefined) {
    // A body may be endless, and nobody will read it.
    cancel()
    return
  }
  gone.addEventListener('abort', cancel)
  for (;;) {
    const { done, value } = await reader.read()
    if (gone.aborted) return
    if (done) return
    if (!outgoing.write(value)) await drained(outgoing)
  }
}

/** Sends a head on its own: Node holds it back until the first byte of the body otherwise. */
export function writeHead(status: number, headers: Headers, outgoing: NodeOutgoing): void {
  outgoing.statusCode = status
  for (const [name, value] of headers) {
    if (name !== 'set-cookie') outgoing.setHeader(name, value)
  }
  const cookies = headers.getSetCookie()
  if (cookies.length > 0) outgoing.setHeader('set-cookie', cookies)
  outgoing.flushHeaders?.()
}

/**
 * Resolves when more may be written, or nothing can be any more; for a response whose `close` is still to
 * come. Asking whether it is destroyed would answer at once, between a client's leaving and `close`, and a
 * body that always has more would then spin for ever.
 */
export function drained(outgoing: NodeOutgoing): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      outgoing.off('drain', done)
      outgoing.off('close', done)
      resolve()
    }
    outgoing.on('drain', done)
    outgoing.on('close', done)
  })
}

/** The headers of a request, less the pseudo ones of HTTP/2. */
export function toHeaders(incoming: NodeIncoming): Headers {
  const headers = new Headers()
  for (const [name, value] of Object.entries(incoming.headers)) {
    if (name.startsWith(':') || value === undefined) continue
    for (const one of [value].flat()) headers.append(name, one)
  }
  return headers
}

function toRequest(incoming: NodeIncoming, signal: AbortSignal): Request {
  const method = incoming.method ?? 'GET'
  const headers = toHeaders(incoming)
  const authority = incoming.headers[':authority'] ?? headers.get('host') ?? '127.0.0.1'
  const scheme = 'encrypted' in incoming.socket ? 'https' : 'http'
  const url = new URL(`${scheme}://${String(authority)}${incoming.url ?? '/'}`)
  if (method === 'GET' || method === 'HEAD') return new Request(url, { method, headers, signal })
  const init = { method, headers, signal, body: toBody(incoming), duplex: 'half' }
  return new Request(url, init)
}

/** The body, pulled; Node's own conversion can throw out of reach when it is cancelled while it resumes. */
function toBody(incoming: NodeIncoming): ReadableStream<Uint8Array> {
  const chunks: AsyncIterator<Uint8Array> = incoming[Symbol.asyncIterator]()
  return new ReadableStream(
    {
      pull: async (controller) => {
        const { done, value } = await chunks.next()
        if (done === true) controller.close()
        else controller.enqueue(new Uint8Array(value))
      },
      cancel: () => void incoming.resume(),
    },
    { highWaterMark: 0 },
  )
}
