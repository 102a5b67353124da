import { fakeUpstream, transcript } from 'sse-stream-kit/testing'
import { describe, expect, it, onTestFinished } from 'vitest'
import { AI_SDK_CLIENTS } from './ai-sdk-clients.ts'
import { SDK_CLIENTS } from './sdk-clients.ts'

const TEXT = 'Grüße aus 世界, says the stream'
const WORDS = TEXT.split(' ').length

describe('a transcript', () => {
  it.each([...SDK_CLIENTS, ...AI_SDK_CLIENTS])(
    'of reasoning and tool calls is read by $name',
    async ({ dialect, read }) => {
      const reasoning = 'I think so'
      const tools = [{ name: 'find', arguments: { q: 'stream' } }]
      const upstream = fakeUpstream(transcript(dialect, { text: TEXT, reasoning, tools }))
      onTestFinished(() => upstream.close())
      const { text, usage } = await read(await upstream.listen())
      // Gemini states the tokens of thoughts beside those of the text, others with them.
      const spent = dialect === 'gemini' ? [WORDS, WORDS + 3] : [WORDS + 3]
      expect(text).toBe(TEXT)
      expect(usage?.[0]).toBe(9)
      expect(spent).toContain(usage?.[1])
    },
  )
})
