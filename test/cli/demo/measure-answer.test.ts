import { step, type UpstreamScript } from 'sse-stream-kit/testing'
import { expect, it } from 'vitest'
import { figuresTable } from '../../../src/cli/demo/figures-table.ts'
import { HEARTBEAT_FRAME } from '../../../src/cli/demo/heartbeat-frame.ts'
import { type MeasuredAnswer, measureAnswer } from '../../../src/cli/demo/measure-answer.ts'
import { openUpstream } from '../../support/http/open-upstream.ts'
import { measured } from './measured.ts'

const measure = async (
  script: UpstreamScript,
): Promise<{ answer: MeasuredAnswer; seen: string[] }> => {
  const upstream = openUpstream(script)
  const seen: string[] = []
  const answer = await measureAnswer(await upstream.listen(), '{}', {
    onToken: (text) => seen.push(text),
    onHeartbeat: () => seen.push('(heartbeat)'),
  })
  return { answer, seen }
}
const token = (content: string): ReturnType<typeof step.send> =>
  step.send({ data: JSON.stringify({ choices: [{ delta: { content } }] }) })

it('counts tokens, events and heartbeats separately', async () => {
  const { answer, seen } = await measure([
    step.raw(HEARTBEAT_FRAME),
    step.comment('of the upstream'),
    token(''),
    token('a'),
    step.raw(HEARTBEAT_FRAME),
    token('b'),
    step.send({ data: '[DONE]' }),
  ])
  // Of one chunk the comments are told first.
  expect(seen.sort()).toEqual(['(heartbeat)', '(heartbeat)', 'a', 'b'])
  expect(answer).toMatchObject({ status: 200, events: 4, heartbeats: 2 })
  expect(Buffer.from(answer.bytes).toString()).toMatch(/^: of the upstream\n\ndata: .*\n\n$/s)
  expect(answer.failure).toBeUndefined()
  const { firstTokenMs = Number.NaN, totalMs, longestGapMs, longestSilenceMs } = answer
  expect(firstTokenMs).toBeLessThanOrEqual(totalMs)
  // The wait for the first of them is a wait too.
  expect(longestGapMs).toBeGreaterThanOrEqual(firstTokenMs)
  expect(longestSilenceMs).toBeLessThanOrEqual(longestGapMs)
})

it('has no firstTokenMs for a response without tokens', async () => {
  const { answer } = await measure([step.json(401, { error: 'no key' })])
  expect(answer).toMatchObject({ status: 401, events: 0 })
  expect(answer.firstTokenMs).toBeUndefined()
  expect(Buffer.from(answer.bytes).toString()).toBe('{"error":"no key"}')
})

it('reports why a response is incomplete', async () => {
  const { answer } = await measure([token('a'), step.cut()])
  expect(answer.failure).toMatch(/closed/)
  expect(answer.events).toBe(1)
})

it('fits its table into 50 columns, and marks the shorter waits', () => {
  const { firstTokenMs, ...none } = measured({ totalMs: 1_000 })
  expect(
    figuresTable([
      ['one', measured()],
      ['two', none],
    ]),
  ).toEqual([
    '                              one             two',
    'first token after        * 0.50 s               -',
    'total                      9.00 s          1.00 s',
    'first of total              5.6 %               -',
    'events                         10              10',
    'heartbeats                      2               2',
    'longest token gap          0.90 s          0.90 s',
    'longest silence            0.25 s          0.25 s',
  ])
})
