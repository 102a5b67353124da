import { describe, expect, it } from 'vitest'
import { NdjsonTap } from '../../src/llm/ndjson-tap.ts'
import { ollama } from '../../src/llm/ollama.ts'
import { summaryOf, Tapped, tapAll } from '../support/llm/tapped.ts'
import { transcriptText } from '../support/llm/transcript-bytes.ts'

const guess = ollama
const line = (value: unknown) => `${JSON.stringify(value)}\n`
const said = (content: string) => line({ model: 'l', message: { content }, done: false })

describe('an answer of Ollama', () => {
  it.each([
    ['a whole answer', {}, 'complete'],
    [
      'reasoning and tools',
      { reasoning: 'I "done":true think', tools: [{ name: 'f', arguments: {} }] },
      'complete',
    ],
    ['no end', { ending: 'unfinished' }, 'truncated'],
    ['an error', { ending: 'error' }, 'upstream_error'],
  ] as const)('that is cut at every byte ends as its lines say: %s', (_, options, end) => {
    const bytes = new TextEncoder().encode(transcriptText('ollama', { tokens: 3, ...options }))
    const byByte = new Tapped({ guess })
    const summary = summaryOf([bytes], { guess })
    for (let at = 0; at <= bytes.length; at++) {
      const lines = new TextDecoder().decode(bytes.subarray(0, at)).split('\n')
      const whole = lines.slice(0, -1).map((text) => JSON.parse(text))
      // The last line may end with the stream.
      if (lines.at(-1)?.endsWith('}') && at === bytes.length - 1)
        whole.push(JSON.parse(lines.at(-1) as string))
      const isFailed = whole.some((value) => 'error' in value)
      const isDone = whole.some((value) => value.done === true)
      const expected = isFailed ? 'upstream_error' : isDone ? 'complete' : 'truncated'
      expect(tapAll([bytes.subarray(0, at)], { guess }).answerEnd, `cut at ${at}`).toBe(expected)
      const cut = [bytes.subarray(0, at), bytes.subarray(at)]
      expect(summaryOf(cut, { guess })).toEqual(summary)
      if (at < bytes.length) byByte.push(bytes.subarray(at, at + 1))
    }
    byByte.end()
    expect(byByte.tap.answerEnd).toBe(end)
    expect(Buffer.concat(byByte.out).equals(bytes)).toBe(true)
  })

  it('states usage and finish reason of its last line', () => {
    const options = { tokens: 4, model: 'm', finishReason: 'length' }
    expect(summaryOf(transcriptText('ollama', options), { guess })).toEqual({
      dialect: 'ollama',
      model: 'm',
      finishReason: 'length',
      usage: { inputTokens: 9, outputTokens: 4 },
      contentEvents: 4,
    })
    const { usage } = summaryOf(transcriptText('ollama', { usage: false }), { guess })
    expect(usage).toBeUndefined()
  })

  it('is read from /api/generate too', () => {
    const generated = line({ model: 'l', response: 'a', done: false })
    expect(summaryOf(generated + line({ done: true }), { guess })).toEqual({
      dialect: 'ollama',
      model: 'l',
      contentEvents: 1,
    })
  })

  it('is plain when its lines are no JSON, or of nothing that is known', () => {
    expect(summaryOf(`${said('a')}oops\n`, { guess }).dialect).toBe('plain')
    expect(tapAll(`${said('a')}oops\n`, { guess }).answerEnd).toBeUndefined()
    expect(summaryOf(line({ id: 1 }), { guess }).dialect).toBe('plain')
  })

  it('holds no line of more than a mebibyte', () => {
    const tap = new Tapped({ guess }).tap
    if (!(tap instanceof NdjsonTap)) throw new Error('Wanted the tap of JSON lines')
    tap.push(new Uint8Array(900_000).fill(0x61))
    expect(tap.heldBytes).toBe(900_000)
    tap.push(new Uint8Array(900_000).fill(0x61))
    expect(tap.heldBytes).toBe(1_048_576)
    expect(tap.isBetweenLines).toBe(false)
    tap.push(new TextEncoder().encode(`\n${said('a')}`))
    expect(tap.heldBytes).toBe(0)
    expect(tap.isBetweenLines).toBe(true)
  })

  it('is taken apart', () => {
    const message = {
      thinking: 'hm',
      content: 'a',
      tool_calls: [{ function: { name: 'f', arguments: { q: 1 } } }],
    }
    const json = { message, done: true, done_reason: 'stop', eval_count: 2 }
    expect(ollama.parts('', json, '')).toEqual([
      { type: 'reasoning', choice: 0, text: 'hm' },
      { type: 'text', choice: 0, text: 'a' },
      { type: 'tool-call', choice: 0, name: 'f', arguments: '{"q":1}' },
      { type: 'usage', usage: { outputTokens: 2 } },
      { type: 'finish', choice: 0, reason: 'stop' },
    ])
    expect(ollama.parts('', { error: 'x' }, '')).toEqual([
      { type: 'error', errorType: 'error', message: 'x' },
    ])
  })
})
