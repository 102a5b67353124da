import { fakeUpstream, type UpstreamStep } from 'sse-stream-kit/testing'
import { expect, it } from 'vitest'
import { chatTranscript } from '../../../src/cli/demo/chat-transcript.ts'

const waits = (steps: readonly UpstreamStep[]): number[] =>
  steps.flatMap((step) => (step.kind === 'wait' ? [step.waitMs] : []))
const sum = (numbers: readonly number[]): number => numbers.reduce((all, one) => all + one, 0)

it('has the same bytes and waits each time', () => {
  expect(chatTranscript(1)).toEqual(chatTranscript(1))
})

it('takes eight to ten seconds, the first token less than 10 % of it', () => {
  const all = waits(chatTranscript(1))
  expect(sum(all)).toBeGreaterThan(8_000)
  expect(sum(all)).toBeLessThan(10_000)
  expect((all[0] ?? 0) / sum(all)).toBeLessThan(0.06)
})

it('has uneven gaps, and one long one', () => {
  const [prefill, ...gaps] = waits(chatTranscript(1))
  expect(prefill).toBe(500)
  const ascending = gaps.sort((one, other) => one - other)
  expect(ascending.at(-1)).toBe(900)
  expect(ascending.at(-2)).toBeGreaterThan(2 * (ascending[0] ?? 0))
  expect(ascending.at(-2)).toBeLessThan(100)
})

it('is faster by the given factor, with the same bytes', () => {
  const [slow, fast] = [chatTranscript(1), chatTranscript(4)]
  expect(sum(waits(slow)) / sum(waits(fast))).toBeCloseTo(4)
  const without = (steps: UpstreamStep[]): UpstreamStep[] =>
    steps.filter(({ kind }) => kind !== 'wait')
  expect(without(fast)).toEqual(without(slow))
})

it('is a chat completion: role, tokens, finish reason, usage, [DONE]', async () => {
  const steps = chatTranscript(1).filter(({ kind }) => kind !== 'wait')
  const response = await fakeUpstream(steps).fetch('http://upstream.test/')
  const blocks = (await response.text()).split('\n\n')
  expect(blocks.slice(-2)).toEqual(['data: [DONE]', ''])
  const chunks = blocks.slice(0, -2).map((block) => JSON.parse(block.replace(/^data: /, '')))
  const [first, ...rest] = chunks
  expect(first.choices[0].delta).toEqual({ role: 'assistant', content: '' })
  expect(rest.at(-2).choices[0]).toEqual({ index: 0, delta: {}, finish_reason: 'stop' })
  expect(rest.at(-1)).toMatchObject({
    choices: [],
    usage: { completion_tokens: rest.length - 2 },
  })
  const text = rest.map(({ choices }) => choices[0]?.delta.content ?? '').join('')
  expect(text).toMatch(/^Backpressure is .* What people feel is not\.$/s)
})
