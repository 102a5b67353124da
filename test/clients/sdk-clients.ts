import Anthropic from '@anthropic-ai/sdk'
import { GoogleGenAI } from '@google/genai'
import OpenAI from 'openai'
import {
  type ClientReading,
  MESSAGES,
  PROMPT,
  type ReadOptions,
  type RealClient,
} from './real-client.ts'

const CHAT = {
  model: 'gpt-4o-mini',
  messages: MESSAGES,
  stream_options: { include_usage: true },
}
const MESSAGE = { model: 'claude-sonnet-5-5', max_tokens: 100, messages: MESSAGES }
const RESPONSE = { model: 'gpt-4o-mini', input: PROMPT }

/** The SDKs of the vendors, each way in which they read a stream. */
export const SDK_CLIENTS: readonly RealClient[] = [
  { name: 'openai, chat `create`', dialect: 'openai-chat', read: createChat },
  { name: 'openai, `finalChatCompletion`', dialect: 'openai-chat', read: finalChat },
  { name: 'openai, responses `create`', dialect: 'openai-responses', read: createResponse },
  { name: 'openai, `finalResponse`', dialect: 'openai-responses', read: finalResponse },
  { name: '@anthropic-ai/sdk, `create`', dialect: 'anthropic', read: createMessage },
  { name: '@anthropic-ai/sdk, `finalMessage`', dialect: 'anthropic', read: finalMessage },
  { name: '@google/genai', dialect: 'gemini', read: generateContent },
]

const keyAnd = ({ retries = false }: ReadOptions): { apiKey: string; maxRetries?: number } => ({
  apiKey: 'test-key',
  ...(!retries && { maxRetries: 0 }),
})
const openai = (url: string, options: ReadOptions): OpenAI =>
  new OpenAI({ ...keyAnd(options), baseURL: `${url}/v1` })
const anthropic = (url: string, options: ReadOptions): Anthropic =>
  new Anthropic({ ...keyAnd(options), baseURL: url })

async function createChat(url: string, options: ReadOptions = {}): Promise<ClientReading> {
  const { signal, onText } = options
  const stream = await openai(url, options).chat.completions.create(
    { ...CHAT, stream: true },
    { signal },
  )
  const reading: ClientReading = { text: '' }
  for await (const { choices, usage } of stream) {
    const { delta, finish_reason } = choices[0] ?? {}
    reading.text += delta?.content ?? ''
    if (delta?.content) onText?.(delta.content)
    if (finish_reason) reading.finishReason = finish_reason
    if (usage) reading.usage = [usage.prompt_tokens, usage.completion_tokens]
  }
  return reading
}

async function finalChat(url: string, options: ReadOptions = {}): Promise<ClientReading> {
  const stream = openai(url, options).chat.completions.stream(CHAT, { signal: options.signal })
  stream.on('content', (delta) => options.onText?.(delta))
  const { choices, usage } = await stream.finalChatCompletion()
  return {
    text: choices[0]?.message.content ?? '',
    ...(usage && { usage: [usage.prompt_tokens, usage.completion_tokens] }),
    finishReason: choices[0]?.finish_reason,
  }
}

async function createResponse(url: string, options: ReadOptions = {}): Promise<ClientReading> {
  const { signal, onText } = options
  const stream = await openai(url, options).responses.create(
    { ...RESPONSE, stream: true },
    { signal },
  )
  const reading: ClientReading = { text: '' }
  for await (const event of stream) {
    if (event.type === 'response.output_text.delta') {
      reading.text += event.delta
      onText?.(event.delta)
    }
    if (event.type !== 'response.completed') continue
    const { usage, status } = event.response
    reading.finishReason = status
    if (usage) reading.usage = [usage.input_tokens, usage.output_tokens]
  }
  return reading
}

async function finalResponse(url: string, options: ReadOptions = {}): Promise<ClientReading> {
  const stream = openai(url, options).responses.stream(RESPONSE, { signal: options.signal })
  stream.on('response.output_text.delta', ({ delta }) => options.onText?.(delta))
  const { output_text, usage, status } = await stream.finalResponse()
  return {
    text: output_text,
    ...(usage && { usage: [usage.input_tokens, usage.output_tokens] }),
    finishReason: status,
  }
}

async function createMessage(url: string, options: ReadOptions = {}): Promise<ClientReading> {
  const { signal, onText } = options
  const stream = await anthropic(url, options).messages.create(
    { ...MESSAGE, stream: true },
    { signal },
  )
  const reading: ClientReading = { text: '' }
  for await (const event of stream) {
    if (event.type === 'content_block_delta' && event.delta.type === 'text_delta') {
      reading.text += event.delta.text
      onText?.(event.delta.text)
    }
    if (event.type !== 'message_delta') continue
    reading.finishReason = event.delta.stop_reason ?? undefined
    reading.usage = [event.usage.input_tokens ?? undefined, event.usage.output_tokens]
  }
  return reading
}

async function finalMessage(url: string, options: ReadOptions = {}): Promise<ClientReading> {
  const stream = anthropic(url, options).messages.stream(MESSAGE, { signal: options.signal })
  stream.on('text', (delta) => options.onText?.(delta))
  const { content, usage, stop_reason } = await stream.finalMessage()
  return {
    text: content.map((block) => (block.type === 'text' ? block.text : '')).join(''),
    usage: [usage.input_tokens, usage.output_tokens],
    finishReason: stop_reason ?? undefined,
  }
}

async function generateContent(url: string, options: ReadOptions = {}): Promise<ClientReading> {
  const { signal: abortSignal, onText } = options
  const client = new GoogleGenAI({ apiKey: 'test-key', httpOptions: { baseUrl: url } })
  const stream = await client.models.generateContentStream({
    model: 'gemini-2.5-flash',
    contents: PROMPT,
    ...(abortSignal && { config: { abortSignal } }),
  })
  const reading: ClientReading = { text: '' }
  for await (const { text, usageMetadata, candidates } of stream) {
    reading.text += text ?? ''
    if (text) onText?.(text)
    reading.usage = [usageMetadata?.promptTokenCount, usageMetadata?.candidatesTokenCount]
    reading.finishReason = candidates?.[0]?.finishReason
  }
  return reading
}
