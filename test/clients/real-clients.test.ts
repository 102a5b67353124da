import { fakeUpstream, transcript } from 'sse-stream-kit/testing'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { beatingProxy } from './beating-proxy.ts'
import { browserGlobals, EVENT_CLIENTS, type RealClient, SDKS } from './real-clients.ts'

const TEXT = 'Grüße aus 世界, says the stream 🎉'
const WORDS = TEXT.split(' ').length
const READING = { text: TEXT, usage: [9, WORDS] }

let removeGlobals = (): void => {}
beforeAll(() => {
  removeGlobals = browserGlobals()
})
afterAll(() => removeGlobals())

describe('a transcript', () => {
  it.each(SDKS)(
    'is read by $name, with text, usage and reason',
    async ({ name, dialect, read }) => {
      const upstream = fakeUpstream(transcript(dialect, { text: TEXT }))
      onTestFinished(() => upstream.close())
      expect(await read(await upstream.listen())).toEqual({
        ...READING,
        finishReason: FINISH_REASONS[name] ?? 'stop',
      })
    },
  )

  it.each(SDKS)('that ends with an error is an error to $name', async ({ dialect, read }) => {
    const upstream = fakeUpstream(transcript(dialect, { text: TEXT, ending: 'error' }))
    onTestFinished(() => upstream.close())
    await expect(read(await upstream.listen())).rejects.toThrow(/overloaded/i)
  })
})

const FINISH_REASONS: Record<string, string> = {
  'openai, responses': 'completed',
  '@anthropic-ai/sdk': 'end_turn',
  '@google/genai': 'STOP',
}

describe('heartbeats', () => {
  const LINE = ': keepalive\n'
  const BLOCK = ': keepalive\n\n'
  const AUTO: Record<string, string> = {
    '@google/genai': '\n',
    '@ai-sdk/google': '\n',
    eventsource: LINE,
    '@microsoft/fetch-event-source': LINE,
  }

  it.each([...SDKS, ...EVENT_CLIENTS])(
    'between its events do not disturb $name',
    async ({ name, dialect, read }) => {
      const steps = transcript(dialect, { text: TEXT })
      const { url, requests, heartbeats } = await beatingProxy(steps, { heartbeats: 50 })
      expect(await read(url)).toMatchObject(READING)
      expect(requests).toHaveLength(1)
      expect(heartbeats.length).toBeGreaterThanOrEqual(50)
      expect(new Set(heartbeats)).toEqual(new Set([AUTO[name] ?? BLOCK]))
    },
  )

  const isRead = async ({ dialect, read }: RealClient, frame: string): Promise<boolean> => {
    const steps = transcript(dialect, { text: TEXT })
    const { url, requests } = await beatingProxy(steps, { heartbeats: 2, frame })
    const { text } = await read(url).catch(() => ({ text: undefined }))
    return text === TEXT && requests.length === 1
  }
  const UNREAD: Record<string, string[]> = {
    '@google/genai': ['comment-line'],
    '@microsoft/fetch-event-source': ['comment', 'blank'],
  }

  it.each([...SDKS, ...EVENT_CLIENTS])('as documented are safe with $name', async (client) => {
    const unread = await Promise.all(
      ['comment', 'comment-line', 'blank'].map(async (frame) =>
        (await isRead(client, frame)) ? [] : [frame],
      ),
    )
    expect(unread.flat()).toEqual(UNREAD[client.name] ?? [])
  })
})
