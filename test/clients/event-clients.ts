import { fetchEventSource } from '@microsoft/fetch-event-source'
import { EventSource } from 'eventsource'
import { SSE } from 'sse.js'
import { FetchXhr } from './fetch-xhr.ts'
import { type ClientReading, MESSAGES, type ReadOptions, type RealClient } from './real-client.ts'

/** Clients of any event stream, as an application uses them: each message is parsed as JSON, up to `[DONE]`. */
export const EVENT_CLIENTS: readonly RealClient[] = [
  { name: 'eventsource', dialect: 'openai-chat', read: readEventSource },
  { name: '@microsoft/fetch-event-source', dialect: 'openai-chat', read: readFetchEventSource },
  { name: 'sse.js', dialect: 'openai-chat', read: readSseJs },
]

const ASKING = {
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify({ messages: MESSAGES, stream: true }),
}

/** An error by the name of where the application learns of it. */
const named = (name: string, message = ''): Error => Object.assign(new Error(message), { name })

/**
 * Concatenates the text of chat completion chunks; the returned function returns whether the end has come, and throws
 * for an error of the API.
 */
function chatReader(reading: ClientReading, { onText }: ReadOptions): (data: string) => boolean {
  return (data) => {
    if (data === '[DONE]') return true
    const { choices, usage, error } = JSON.parse(data)
    if (error) throw named('data', error.message)
    const text = choices[0]?.delta.content ?? ''
    reading.text += text
    if (text !== '') onText?.(text)
    reading.finishReason ??= choices[0]?.finish_reason ?? undefined
    if (usage) reading.usage = [usage.prompt_tokens, usage.completion_tokens]
    return false
  }
}

async function readEventSource(url: string, options: ReadOptions = {}): Promise<ClientReading> {
  const reading: ClientReading = { text: '' }
  const read = chatReader(reading, options)
  const source = new EventSource(`${url}/v1/chat/completions`)
  try {
    await new Promise<void>((resolve, reject) => {
      options.signal?.addEventListener('abort', () => resolve())
      source.onmessage = ({ data }) => {
        try {
          if (read(data)) resolve()
        } catch (error) {
          reject(error)
        }
      }
      // Without this it repeats the request after 3 s, unless the status was an error.
      source.onerror = ({ message }) => reject(named('onerror', message))
    })
  } finally {
    source.close()
  }
  return reading
}

async function readFetchEventSource(
  url: string,
  options: ReadOptions = {},
): Promise<ClientReading> {
  const reading: ClientReading = { text: '' }
  const read = chatReader(reading, options)
  await fetchEventSource(`${url}/v1/chat/completions`, {
    method: 'POST',
    ...ASKING,
    ...(options.signal && { signal: options.signal }),
    onmessage: ({ data }) => {
      read(data)
    },
    // Without this it repeats the request after a second.
    onerror: (error) => {
      if (!options.retries) throw error
    },
  })
  return reading
}

async function readSseJs(url: string, options: ReadOptions = {}): Promise<ClientReading> {
  const reading: ClientReading = { text: '' }
  const read = chatReader(reading, options)
  await new Promise<void>((resolve, reject) => {
    const source = new SSE(`${url}/v1/chat/completions`, {
      headers: ASKING.headers,
      payload: ASKING.body,
      start: false,
    })
    source.addEventListener('message', ({ data }: MessageEvent<string>) => {
      try {
        if (read(data)) resolve()
      } catch (error) {
        source.close()
        reject(error)
      }
    })
    source.addEventListener('error', ({ data }: MessageEvent<string>) => reject(new Error(data)))
    source.stream()
  })
  return reading
}

/** Gives fetch-event-source and sse.js the parts of a browser that they use; returns what takes them away. */
export function browserGlobals(): () => void {
  const shims = {
    document: Object.assign(new EventTarget(), { hidden: false }),
    // Looked up at the time of the call, so that a test may replace them.
    window: {
      fetch,
      setTimeout: (...args: Parameters<typeof setTimeout>) => setTimeout(...args),
      clearTimeout,
    },
    XMLHttpRequest: FetchXhr,
  }
  Object.assign(globalThis, shims)
  return () => {
    for (const name of Object.keys(shims)) Reflect.deleteProperty(globalThis, name)
  }
}
