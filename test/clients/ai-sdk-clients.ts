import { createAnthropic } from '@ai-sdk/anthropic'
import { createGoogleGenerativeAI } from '@ai-sdk/google'
import { createOpenAI } from '@ai-sdk/openai'
import { createOpenAICompatible } from '@ai-sdk/openai-compatible'
import { type LanguageModel, streamText } from 'ai'
import type { TranscriptDialect } from 'sse-stream-kit/testing'
import { type ClientReading, PROMPT, type RealClient } from './real-client.ts'

const KEY = { apiKey: 'test-key' }

/** The AI SDK with the providers of each API. */
export const AI_SDK_CLIENTS: readonly RealClient[] = [
  client('ai, openai-compatible', 'openai-chat', (url) =>
    createOpenAICompatible({
      ...KEY,
      name: 'compatible',
      baseURL: `${url}/v1`,
      includeUsage: true,
    })('llama-4'),
  ),
  client('ai, openai chat', 'openai-chat', (url) =>
    createOpenAI({ ...KEY, baseURL: `${url}/v1` }).chat('gpt-4o-mini'),
  ),
  client('ai, openai responses', 'openai-responses', (url) =>
    createOpenAI({ ...KEY, baseURL: `${url}/v1` }).responses('gpt-4o-mini'),
  ),
  client('ai, anthropic', 'anthropic', (url) =>
    createAnthropic({ ...KEY, baseURL: `${url}/v1` })('claude-sonnet-5-5'),
  ),
  client('ai, google', 'gemini', (url) =>
    createGoogleGenerativeAI({ ...KEY, baseURL: `${url}/v1beta` })('gemini-2.5-flash'),
  ),
]

function client(
  name: string,
  dialect: TranscriptDialect,
  modelAt: (url: string) => LanguageModel,
): RealClient {
  return {
    name,
    dialect,
    read: async (url, { onText, signal, retries = false } = {}) => {
      const result = streamText({
        model: modelAt(url),
        prompt: PROMPT,
        ...(!retries && { maxRetries: 0 }),
        ...(signal && { abortSignal: signal }),
        onError: () => {},
      })
      const reading: ClientReading = { text: '' }
      for await (const part of result.fullStream) {
        if (part.type === 'error') throw part.error
        if (part.type === 'text-delta') {
          reading.text += part.text
          onText?.(part.text)
        }
        if (part.type === 'finish') {
          reading.usage = [part.totalUsage.inputTokens, part.totalUsage.outputTokens]
          reading.finishReason = part.finishReason
        }
      }
      return reading
    },
  }
}
