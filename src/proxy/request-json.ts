import type { ClientBody } from '../base/client-request.ts'
import { SseKitError } from '../base/sse-kit-error.ts'
import type { Exchange } from './exchange.ts'

/** A request body that was read ahead. */
export interface RequestJson {
  /** Stands for the request's body, which has been read. */
  body: ClientBody
  /** The body as text, if it is JSON. */
  text?: string | undefined
  /** What the text says. */
  json?: unknown
}

const JSON_TYPE = /^\s*application\/(?:[\w.-]+\+)?json\s*(?:;|$)/i

/**
 * Reads the body of a request that is JSON, to find out what it asks for; any other body is left unread.
 *
 * Holds at most `maxBytes` and a chunk. A longer body passes on as a stream, and nothing is known of it.
 *
 * @throws SseKitError with `SSE_BAD_REQUEST` for a body that breaks, or that takes longer than `limitMs`
 */
export async function readRequestJson(
  { client, context }: Exchange,
  { maxBytes, limitMs }: { maxBytes: number; limitMs: number },
): Promise<RequestJson> {
  const body = client.takeBody()
  const { headers } = client
  if (body === null || !JSON_TYPE.test(headers.get('content-type') ?? '')) return { body }
  if (body instanceof Uint8Array) {
    if (body.length > maxBytes) return { body }
    const text = new TextDecoder().decode(body)
    return { body, text, json: parsed(text) }
  }
  const reader = body.getReader()
  const chunks: Uint8Array[] = []
  const late = (): Error => failed(`did not arrive within ${limitMs} ms (timeouts.headersMs)`)
  const isWhole = await context.waitFor(readUpTo(maxBytes), limitMs, late)
  if (!isWhole) return { body: replayed(chunks, reader) }
  const text = await new Response(replayed(chunks)).text()
  return { body: replayed(chunks), text, json: parsed(text) }

  async function readUpTo(maxBytes: number): Promise<boolean> {
    for (let bytes = 0; bytes <= maxBytes; ) {
      const { done, value } = await reader.read().catch((cause: unknown) => {
        throw failed('broke', cause)
      })
      if (done) return true
      chunks.push(value)
      bytes += value.length
    }
    return false
  }
}

function failed(what: string, cause?: unknown): SseKitError {
  const options = cause === undefined ? {} : { cause }
  return new SseKitError('SSE_BAD_REQUEST', `The body of the request ${what}`, options)
}

/** The chunks, and then what a reader still gives. */
function replayed(
  chunks: readonly Uint8Array[],
  reader?: ReadableStreamDefaultReader<Uint8Array>,
): ReadableStream<Uint8Array> {
  let next = 0
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const chunk = chunks[next++] ?? (await reader?.read())?.value
        if (chunk === undefined) controller.close()
        else controller.enqueue(chunk)
      },
      cancel: (reason) => reader?.cancel(reason),
    },
    { highWaterMark: 0 },
  )
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return
  }
}
