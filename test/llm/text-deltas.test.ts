import { DIALECTS, openaiChat, textDeltas } from 'sse-stream-kit/llm'
import { SseDecoder } from 'sse-stream-kit/streams'
import { streamOf, type TranscriptDialect } from 'sse-stream-kit/testing'
import { describe, expect, it, vi } from 'vitest'
import { transcriptText } from '../support/llm/transcript-bytes.ts'

const SSE = DIALECTS.filter(({ format }) => format === undefined)

/** The text of a stream, and the error it ended with. */
async function read(
  text: string,
  transform: TransformStream<unknown, string>,
): Promise<{ text: string; code: unknown; message: string }> {
  let said = ''
  try {
    const events = streamOf([text]).pipeThrough(new SseDecoder())
    for await (const delta of events.pipeThrough(transform)) said += delta
    return { text: said, code: undefined, message: '' }
  } catch (error) {
    const { code, message } = error as Error & { code?: unknown }
    return { text: said, code, message }
  }
}

describe.each(SSE.map((dialect) => [dialect.name as TranscriptDialect, dialect] as const))(
  'the text deltas of %s',
  (name, dialect) => {
    const tools = [{ name: 'f', arguments: { text: 'no text' } }]

    it('are the text of the first choice, without reasoning and tools', async () => {
      const options = { text: 'Hello  "größer"\nworld', reasoning: 'I think so', tools }
      const choices = name === 'openai-chat' || name === 'gemini' ? 2 : 1
      const stream = transcriptText(name, { ...options, choices })
      expect(await read(stream, textDeltas(dialect))).toMatchObject({
        text: 'Hello  "größer"\nworld',
        code: undefined,
      })
    })

    it('fail with the error in the answer, after the text before it', async () => {
      const stream = transcriptText(name, { text: 'Hello there', ending: 'error' })
      const { text, code, message } = await read(stream, textDeltas(dialect))
      expect({ text, code }).toEqual({ text: 'Hello there', code: 'SSE_TRUNCATED' })
      expect(message).toMatch(/overloaded|Overloaded/)
      const foreign = transcriptText(name === 'gemini' ? 'anthropic' : 'gemini', {
        tokens: 0,
        ending: 'error',
      })
      const start = transcriptText(name, { text: 'Hello', ending: 'unfinished' })
      const errorOnly = foreign.slice(
        foreign.lastIndexOf(name === 'gemini' ? 'event: error' : 'data:'),
      )
      expect(await read(start + errorOnly, textDeltas(dialect))).toMatchObject({
        text: 'Hello',
        code: 'SSE_TRUNCATED',
        message: expect.stringContaining('verloaded'),
      })
    })

    it('fail at the end of an answer without its end, unless that passes', async () => {
      const stream = transcriptText(name, { text: 'Hello', ending: 'unfinished' })
      expect(await read(stream, textDeltas(dialect))).toMatchObject({
        text: 'Hello',
        code: 'SSE_TRUNCATED',
      })
      const passing = textDeltas(dialect, { truncation: 'pass' })
      expect(await read(stream, passing)).toMatchObject({ text: 'Hello', code: undefined })
    })
  },
)

describe('text deltas', () => {
  it('pass over what is not understood', async () => {
    expect(await read('data: hello\n\ndata: {"a":1}\n\n', textDeltas(openaiChat))).toMatchObject({
      text: '',
      code: undefined,
    })
  })

  it('take one event for each piece that is read, and pass a cancel on', async () => {
    const stream = streamOf(transcriptText('openai-chat', { tokens: 5 }).split(/(?<=\n\n)/))
    const reader = stream
      .pipeThrough(new SseDecoder())
      .pipeThrough(textDeltas(openaiChat))
      .getReader()
    expect((await reader.read()).done).toBe(false)
    await reader.cancel('enough')
    await vi.waitFor(() => expect(stream.state).toBe('cancelled'))
  })

  it('refuse what is no dialect, and wrong options', () => {
    expect(() => textDeltas('openai-chat' as never)).toThrow(TypeError)
    expect(() => textDeltas(openaiChat, { truncation: 'no' as never })).toThrow('truncation')
    expect(() => textDeltas(openaiChat, { choice: 1 } as never)).toThrow('choice')
  })
})
