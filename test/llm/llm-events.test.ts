import { anthropic, DIALECTS, type LlmEvent, llmEvents, openaiChat } from 'sse-stream-kit/llm'
import { SseDecoder } from 'sse-stream-kit/streams'
import { streamOf, type TranscriptDialect } from 'sse-stream-kit/testing'
import { describe, expect, it } from 'vitest'
import { transcriptText } from '../support/llm/transcript-bytes.ts'

const SSE = DIALECTS.filter(({ format }) => format === undefined)

async function eventsOf(
  text: string,
  transform: ReturnType<typeof llmEvents>,
): Promise<LlmEvent[]> {
  const events: LlmEvent[] = []
  const decoded = streamOf([text]).pipeThrough(new SseDecoder())
  for await (const event of decoded.pipeThrough(transform)) events.push(event)
  return events
}

describe.each(SSE.map((dialect) => [dialect.name as TranscriptDialect, dialect] as const))(
  'the events of %s',
  (name, dialect) => {
    it('are reasoning, text, tool calls, usage and the end, in the order of the stream', async () => {
      const tools = [
        { name: 'find', arguments: { q: 'a' } },
        { name: 'read', arguments: {} },
      ]
      const stream = transcriptText(name, { text: 'Hello you', reasoning: 'I think', tools })
      const events = await eventsOf(stream, llmEvents(dialect))
      const kinds = events.map(({ type }) => type).filter((type) => type !== 'usage')
      expect([...new Set(kinds)]).toEqual(['reasoning', 'text', 'tool-call', 'finish'])
      const textIn = (kind: 'text' | 'reasoning') =>
        events.map((event) => (event.type === kind ? event.text : '')).join('')
      expect(textIn('text')).toBe('Hello you')
      expect(textIn('reasoning')).toBe('I think')
      const calls = new Map<unknown, { name: string | undefined; json: string }>()
      for (const event of events) {
        if (event.type !== 'tool-call') continue
        // A call without an index comes whole.
        const key = event.index ?? event
        const call = calls.get(key) ?? { name: event.name, json: '' }
        calls.set(key, { ...call, json: call.json + event.arguments })
      }
      const made = [...calls.values()]
      expect(made.map(({ name, json }) => ({ name, arguments: JSON.parse(json) }))).toEqual(tools)
      const usages = events.flatMap((event) => (event.type === 'usage' ? [event.usage] : []))
      expect(Object.assign({}, ...usages)).toMatchObject({ inputTokens: 9 })
      expect(events.filter(({ type }) => type === 'finish')).toHaveLength(1)
    })

    it('hold an error as an event, and go on', async () => {
      const events = await eventsOf(
        transcriptText(name, { text: 'Hi', ending: 'error' }),
        llmEvents(dialect),
      )
      expect(events.at(-1)).toMatchObject({
        type: 'error',
        message: expect.stringMatching(/verloaded/),
      })
    })

    it('fail at the end of an answer without its end, unless that passes', async () => {
      const stream = transcriptText(name, { text: 'Hi', ending: 'unfinished' })
      await expect(eventsOf(stream, llmEvents(dialect))).rejects.toMatchObject({
        code: 'SSE_TRUNCATED',
      })
      const events = await eventsOf(stream, llmEvents(dialect, { truncation: 'pass' }))
      expect(events).toContainEqual({ type: 'text', choice: 0, text: 'Hi' })
    })
  },
)

describe('the events of an answer', () => {
  it('hold an error in the form of another API as it is', async () => {
    const data = '{"error":{"message":"x","code":500}}'
    const events = await eventsOf(`data: ${data}\n\n`, llmEvents(anthropic))
    expect(events).toEqual([{ type: 'error', errorType: '500', message: data }])
    expect(await eventsOf('event: error\ndata: it broke\n\n', llmEvents(openaiChat))).toEqual([
      { type: 'error', errorType: 'error', message: 'it broke' },
    ])
  })

  it('are told apart by choice', async () => {
    const stream = transcriptText('openai-chat', { text: 'Hi', choices: 2 })
    const events = await eventsOf(stream, llmEvents(openaiChat))
    expect(events.filter(({ type }) => type === 'text' || type === 'finish')).toEqual([
      { type: 'text', choice: 0, text: 'Hi' },
      { type: 'text', choice: 1, text: 'Hi' },
      { type: 'finish', choice: 0, reason: 'stop' },
      { type: 'finish', choice: 1, reason: 'stop' },
    ])
  })
})
