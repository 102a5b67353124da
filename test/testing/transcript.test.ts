import {
  type CollectedStream,
  collect,
  fakeUpstream,
  type TranscriptDialect,
  type TranscriptOptions,
  transcript,
} from 'sse-stream-kit/testing'
import { afterEach, describe, expect, it, vi } from 'vitest'

const DIALECTS: TranscriptDialect[] = ['openai-chat', 'openai-responses', 'anthropic', 'gemini']

async function play(
  dialect: TranscriptDialect,
  options?: TranscriptOptions,
): Promise<CollectedStream> {
  const upstream = fakeUpstream(transcript(dialect, options))
  return collect(await upstream.fetch('http://upstream.test/'))
}

/** The text of an answer, put together as a client of that dialect does. */
function textOf(dialect: TranscriptDialect, { events }: CollectedStream): string {
  const parts = events
    .filter(({ data }) => data !== '[DONE]')
    .map(({ data }) => JSON.parse(data))
    .map((value) => {
      if (dialect === 'openai-chat') return value.choices?.[0]?.delta.content
      if (dialect === 'openai-responses') {
        return value.type === 'response.output_text.delta' ? value.delta : ''
      }
      if (dialect === 'anthropic') return value.delta?.text
      return value.candidates?.[0]?.content.parts[0].text
    })
  return parts.map((part) => part ?? '').join('')
}

const lastEvents = ({ events }: CollectedStream): unknown[] =>
  events.slice(-2).map(({ event, data }) => [event, data === '[DONE]' ? data : JSON.parse(data)])

describe.each(DIALECTS)('transcript of %s', (dialect) => {
  it('sends the text, token by token', async () => {
    const played = await play(dialect, { text: 'Hello  "größer"\nworld, 世界' })
    expect(textOf(dialect, played)).toBe('Hello  "größer"\nworld, 世界')
    expect(played.verdict).toBe('complete')
  })

  it('makes the given number of tokens, the same for the same seed', async () => {
    const played = await play(dialect, { tokens: 12, seed: 7 })
    expect(textOf(dialect, played).split(' ')).toHaveLength(12)
    expect((await play(dialect, { tokens: 12, seed: 7 })).text).toBe(played.text)
    expect((await play(dialect, { tokens: 12, seed: 8 })).text).not.toBe(played.text)
    expect(textOf(dialect, await play(dialect, { tokens: 0 }))).toBe('')
  })

  it('leaves out its end', async () => {
    const whole = await play(dialect, { text: 'Hi there' })
    const cut = await play(dialect, { text: 'Hi there', ending: 'unfinished' })
    expect(cut.verdict).toBe('complete')
    expect(textOf(dialect, cut)).toBe('Hi there')
    expect(whole.text.startsWith(cut.text)).toBe(true)
    expect(whole.events.length).toBeGreaterThan(cut.events.length)
  })
})

describe('transcript of ollama', () => {
  it('is lines of JSON, of which the last has usage and reason', async () => {
    const { text } = await play('ollama', { text: 'Hi there', model: 'm' })
    const lines = text.split('\n')
    expect(lines.pop()).toBe('')
    const values = lines.map((line) => JSON.parse(line))
    expect(values.map(({ message }) => message.content)).toEqual(['Hi', ' there', ''])
    expect(values.map(({ done }) => done)).toEqual([false, false, true])
    const end = { model: 'm', done_reason: 'stop', prompt_eval_count: 9, eval_count: 2 }
    expect(values.at(-1)).toMatchObject(end)
    const failed = await play('ollama', { text: 'Hi', ending: 'error' })
    expect(JSON.parse(failed.text.trimEnd().split('\n').at(-1) ?? '')).toEqual({
      error: 'The model is overloaded',
    })
  })
})

describe.each([...DIALECTS, 'ollama'] as const)('options of a transcript of %s', (dialect) => {
  const bodyOf = async (options: TranscriptOptions) => (await play(dialect, options)).text

  it('leave out usage, finish reason and terminal mark', async () => {
    const USAGE = /"(usage|usageMetadata|eval_count)":[{\d]/
    expect(await bodyOf({ tokens: 2 })).toMatch(USAGE)
    expect(await bodyOf({ tokens: 2, usage: false })).not.toMatch(USAGE)
    const MARK = /\[DONE\]|response\.completed|message_stop|"finishReason":"|"done":true/
    expect(await bodyOf({ tokens: 2 })).toMatch(MARK)
    expect(await bodyOf({ tokens: 2, terminalMark: false })).not.toMatch(MARK)
    const REASON = /"(finish_reason|stop_reason|finishReason|done_reason)":"|response\.completed/
    expect(await bodyOf({ tokens: 2 })).toMatch(REASON)
    expect(await bodyOf({ tokens: 2, finishReason: false })).not.toMatch(REASON)
    expect(await bodyOf({ tokens: 2, finishReason: 'too_long' })).toContain('"too_long"')
  })

  it('add reasoning before the text and tools after it', async () => {
    const tools = [{ name: 'find', arguments: { q: 'a' } }]
    const body = await bodyOf({ text: 'Hello', reasoning: 'Think', tools, model: 'a-model' })
    const places = ['Think', 'Hello', '"find"'].map((part) => body.indexOf(part))
    expect(places).toEqual([...places].sort((a, b) => a - b))
    expect(places[0]).toBeGreaterThan(0)
    expect(body).toContain('"a-model"')
  })

  it('send every token in every choice, where the API has choices', async () => {
    if (dialect !== 'openai-chat' && dialect !== 'gemini') {
      expect(() => transcript(dialect, { choices: 2 })).toThrow(RangeError)
      return
    }
    const body = await bodyOf({ text: 'Hello', choices: 2 })
    expect(body.split('"Hello"')).toHaveLength(3)
    expect(body).toContain('"index":1')
    expect(() => transcript(dialect, { choices: 0 })).toThrow('choices')
  })
})

describe('transcript', () => {
  afterEach(() => {
    vi.useRealTimers()
  })

  it('ends a chat completion with the usage and [DONE]', async () => {
    expect(lastEvents(await play('openai-chat', { tokens: 3 }))).toEqual([
      [
        undefined,
        expect.objectContaining({
          choices: [],
          usage: { prompt_tokens: 9, completion_tokens: 3, total_tokens: 12 },
        }),
      ],
      [undefined, '[DONE]'],
    ])
  })

  it('numbers the events of a response consecutively and ends with the usage', async () => {
    const played = await play('openai-responses', { tokens: 3 })
    const values = played.events.map(({ data }) => JSON.parse(data))
    expect(values.map(({ sequence_number }) => sequence_number)).toEqual(
      values.map((_, index) => index),
    )
    expect(played.events.every(({ event, data }) => event === JSON.parse(data).type)).toBe(true)
    expect(values.at(-1)).toMatchObject({
      type: 'response.completed',
      response: { status: 'completed', usage: { output_tokens: 3 } },
    })
  })

  it('ends a message with message_stop', async () => {
    const played = await play('anthropic', { tokens: 3 })
    expect(played.events.map(({ event }) => event)).toEqual([
      'message_start',
      'content_block_start',
      'ping',
      ...Array(3).fill('content_block_delta'),
      'content_block_stop',
      'message_delta',
      'message_stop',
    ])
  })

  it('ends lines of Gemini with CRLF and the answer with its finish reason', async () => {
    const played = await play('gemini', { tokens: 3 })
    expect(played.text.replaceAll('\r\n', '')).not.toMatch(/[\r\n]/)
    expect(lastEvents(played).at(-1)).toMatchObject([
      undefined,
      { candidates: [{ finishReason: 'STOP' }], usageMetadata: { totalTokenCount: 12 } },
    ])
  })

  it.each([
    ['openai-chat', undefined, { error: { type: 'server_error' } }],
    ['openai-responses', 'error', { type: 'error', code: 'server_error', sequence_number: 6 }],
    ['anthropic', 'error', { type: 'error', error: { type: 'overloaded_error' } }],
    ['gemini', undefined, { error: { status: 'UNAVAILABLE' } }],
  ] as const)('ends %s with its own error', async (dialect, event, value) => {
    const played = await play(dialect, { tokens: 2, ending: 'error' })
    expect(lastEvents(played).at(-1)).toMatchObject([event, value])
    expect(played.verdict).toBe('complete')
  })

  it('sends the head, waits prefillMs, then leaves gaps around the mean', async () => {
    vi.useFakeTimers()
    const steps = transcript('openai-chat', { tokens: 4, gapMs: 100, prefillMs: 5000 })
    const waits = steps.flatMap((step) => (step.kind === 'wait' ? [step.waitMs] : []))
    expect(waits[0]).toBe(5000)
    expect(waits).toHaveLength(4)
    for (const waitMs of waits.slice(1)) {
      expect(waitMs).toBeGreaterThanOrEqual(50)
      expect(waitMs).toBeLessThan(150)
    }
    expect(new Set(waits).size).toBe(4)
    const response = await fakeUpstream(steps).fetch('http://upstream.test/')
    const collecting = collect(response)
    await vi.advanceTimersByTimeAsync(6000)
    const { firstByteMs, verdict } = await collecting
    expect(firstByteMs).toBe(5000)
    expect(verdict).toBe('complete')
  })

  it('refuses wrong options', () => {
    expect(() => transcript('claude' as 'anthropic')).toThrow('"claude"')
    expect(() => transcript('gemini', { tokens: -1 })).toThrow('tokens')
    expect(() => transcript('gemini', { gapMs: -1 })).toThrow('gapMs')
    expect(() => transcript('gemini', { prefillMs: Number.NaN })).toThrow('prefillMs')
  })
})
