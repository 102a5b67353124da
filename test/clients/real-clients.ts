import { createAnthropic } from '@ai-sdk/anthropic'
import { createGoogleGenerativeAI } from '@ai-sdk/google'
import { createOpenAI } from '@ai-sdk/openai'
import Anthropic from '@anthropic-ai/sdk'
import { GoogleGenAI } from '@google/genai'
import { fetchEventSource } from '@microsoft/fetch-event-source'
import { type LanguageModel, streamText } from 'ai'
import { EventSource } from 'eventsource'
import OpenAI from 'openai'
import { SSE } from 'sse.js'
import type { TranscriptDialect } from 'sse-stream-kit/testing'
import { FetchXhr } from './fetch-xhr.ts'

/** What a client made of a response. */
export interface ClientReading {
  text: string
  /** Tokens of the prompt and of the completion; absent where the client reports none. */
  usage?: [number | undefined, number | undefined]
  finishReason?: string | undefined
}

/** A published client, which asks the server at an address for one completion. Rejects with the client's error. */
export interface RealClient {
  name: string
  dialect: TranscriptDialect
  read: (url: string) => Promise<ClientReading>
}

const PROMPT = 'Say something'
const MESSAGES = [{ role: 'user' as const, content: PROMPT }]
const KEY = { apiKey: 'test-key', maxRetries: 0 }

/** Clients of LLM APIs. */
export const SDKS: readonly RealClient[] = [
  { name: 'openai, chat', dialect: 'openai-chat', read: readOpenaiChat },
  { name: 'openai, responses', dialect: 'openai-responses', read: readOpenaiResponses },
  { name: '@anthropic-ai/sdk', dialect: 'anthropic', read: readAnthropic },
  { name: '@google/genai', dialect: 'gemini', read: readGenai },
  aiSdk('@ai-sdk/openai, chat', 'openai-chat', (url) =>
    createOpenAI({ ...KEY, baseURL: `${url}/v1` }).chat('gpt-4o-mini'),
  ),
  aiSdk('@ai-sdk/openai, responses', 'openai-responses', (url) =>
    createOpenAI({ ...KEY, baseURL: `${url}/v1` }).responses('gpt-4o-mini'),
  ),
  aiSdk('@ai-sdk/anthropic', 'anthropic', (url) =>
    createAnthropic({ ...KEY, baseURL: `${url}/v1` })('claude-sonnet-5-5'),
  ),
  aiSdk('@ai-sdk/google', 'gemini', (url) =>
    createGoogleGenerativeAI({ ...KEY, baseURL: `${url}/v1beta` })('gemini-2.5-flash'),
  ),
]

/** Clients of any event stream, as an application uses them: each message is parsed as JSON, up to `[DONE]`. */
export const EVENT_CLIENTS: readonly RealClient[] = [
  { name: 'eventsource', dialect: 'openai-chat', read: readEventSource },
  { name: '@microsoft/fetch-event-source', dialect: 'openai-chat', read: readFetchEventSource },
  { name: 'sse.js', dialect: 'openai-chat', read: readSseJs },
]

async function readOpenaiChat(url: string): Promise<ClientReading> {
  const client = new OpenAI({ ...KEY, baseURL: `${url}/v1` })
  const stream = client.chat.completions.stream({
    model: 'gpt-4o-mini',
    messages: MESSAGES,
    stream_options: { include_usage: true },
  })
  const { choices, usage } = await stream.finalChatCompletion()
  return {
    text: choices[0]?.message.content ?? '',
    ...(usage && { usage: [usage.prompt_tokens, usage.completion_tokens] }),
    finishReason: choices[0]?.finish_reason,
  }
}

async function readOpenaiResponses(url: string): Promise<ClientReading> {
  const client = new OpenAI({ ...KEY, baseURL: `${url}/v1` })
  const stream = client.responses.stream({ model: 'gpt-4o-mini', input: PROMPT })
  const { output_text, usage, status } = await stream.finalResponse()
  return {
    text: output_text,
    ...(usage && { usage: [usage.input_tokens, usage.output_tokens] }),
    finishReason: status,
  }
}

async function readAnthropic(url: string): Promise<ClientReading> {
  const client = new Anthropic({ ...KEY, baseURL: url })
  const stream = client.messages.stream({
    model: 'claude-sonnet-5-5',
    max_tokens: 100,
    messages: MESSAGES,
  })
  const { content, usage, stop_reason } = await stream.finalMessage()
  return {
    text: content.map((block) => (block.type === 'text' ? block.text : '')).join(''),
    usage: [usage.input_tokens, usage.output_tokens],
    finishReason: stop_reason ?? undefined,
  }
}

async function readGenai(url: string): Promise<ClientReading> {
  const client = new GoogleGenAI({ apiKey: KEY.apiKey, httpOptions: { baseUrl: url } })
  const stream = await client.models.generateContentStream({
    model: 'gemini-2.5-flash',
    contents: PROMPT,
  })
  const reading: ClientReading = { text: '' }
  for await (const { text, usageMetadata, candidates } of stream) {
    reading.text += text ?? ''
    reading.usage = [usageMetadata?.promptTokenCount, usageMetadata?.candidatesTokenCount]
    reading.finishReason = candidates?.[0]?.finishReason
  }
  return reading
}

function aiSdk(
  name: string,
  dialect: TranscriptDialect,
  modelAt: (url: string) => LanguageModel,
): RealClient {
  return {
    name,
    dialect,
    read: async (url) => {
      const result = streamText({
        model: modelAt(url),
        prompt: PROMPT,
        maxRetries: 0,
        onError: () => {},
      })
      const reading: ClientReading = { text: '' }
      for await (const part of result.fullStream) {
        if (part.type === 'error') throw part.error
        if (part.type === 'text-delta') reading.text += part.text
        if (part.type === 'finish') {
          reading.usage = [part.totalUsage.inputTokens, part.totalUsage.outputTokens]
          reading.finishReason = part.finishReason
        }
      }
      return reading
    },
  }
}

/** Puts the text of chat completion chunks together; the returned function says whether the end has come. */
function chatReader(reading: ClientReading): (data: string) => boolean {
  return (data) => {
    if (data === '[DONE]') return true
    const { choices, usage } = JSON.parse(data)
    reading.text += choices[0]?.delta.content ?? ''
    reading.finishReason ??= choices[0]?.finish_reason ?? undefined
    if (usage) reading.usage = [usage.prompt_tokens, usage.completion_tokens]
    return false
  }
}

async function readEventSource(url: string): Promise<ClientReading> {
  const reading: ClientReading = { text: '' }
  const read = chatReader(reading)
  const source = new EventSource(`${url}/v1/chat/completions`)
  try {
    await new Promise<void>((resolve, reject) => {
      source.onmessage = ({ data }) => {
        try {
          if (read(data)) resolve()
        } catch (error) {
          reject(error)
        }
      }
      source.onerror = ({ message }) => reject(new Error(message))
    })
  } finally {
    source.close()
  }
  return reading
}

async function readFetchEventSource(url: string): Promise<ClientReading> {
  const reading: ClientReading = { text: '' }
  const read = chatReader(reading)
  await fetchEventSource(`${url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ messages: MESSAGES, stream: true }),
    onmessage: ({ data }) => {
      read(data)
    },
    // Without this it sends the request again after a second.
    onerror: (error) => {
      throw error
    },
  })
  return reading
}

async function readSseJs(url: string): Promise<ClientReading> {
  const reading: ClientReading = { text: '' }
  const read = chatReader(reading)
  await new Promise<void>((resolve, reject) => {
    const source = new SSE(`${url}/v1/chat/completions`, {
      headers: { 'content-type': 'application/json' },
      payload: JSON.stringify({ messages: MESSAGES, stream: true }),
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
    window: { fetch, setTimeout, clearTimeout },
    XMLHttpRequest: FetchXhr,
  }
  Object.assign(globalThis, shims)
  return () => {
    for (const name of Object.keys(shims)) Reflect.deleteProperty(globalThis, name)
  }
}
