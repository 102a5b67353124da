import type { StreamSummary } from 'sse-stream-kit'
import { describe, expect, it } from 'vitest'
import { judgeStream, type StreamSides } from '../../bench/soak/judge-stream.ts'
import { HEARTBEAT } from '../../bench/soak/lane.ts'
import { type Route, type Scenario, streamPlan } from '../../bench/soak/stream-plan.ts'

/** A correct stream. */
function sides(
  scenario: Scenario,
  summary: Partial<StreamSummary> = {},
  route: Route = 'relayed',
): StreamSides {
  const found = Array.from({ length: 2_000 }, (_, id) => streamPlan(7, id, route)).find(
    (plan) => plan.scenario === scenario && plan.failures.length === 0 && plan.sent.length > 2,
  )
  if (found === undefined) throw new Error(`No stream is ${scenario}`)
  const body = Buffer.concat([...found.sent])
  return {
    plan: found,
    client: { status: 200, body, end: 'clean' },
    upstream: { tries: 1, open: 0, isRequestWrong: false },
    summaries: [
      {
        verdict: 'complete',
        status: 200,
        upstream: 0,
        attempts: 1,
        isSse: true,
        durationMs: 1,
        events: 1,
        pauses: { count: 0, totalMs: 0 },
        bytesIn: body.length,
        bytesOut: body.length,
        heartbeats: 0,
        ...summary,
      },
    ],
  }
}

const whole = sides('complete/reads')
const [summary] = whole.summaries as [StreamSummary]
const { body } = whole.client

const withBody = (given: Buffer, heartbeats = 0): StreamSides => ({
  ...whole,
  client: { ...whole.client, body: given },
  summaries: [{ ...summary, bytesOut: given.length, heartbeats }],
})

describe('the judge of the soak', () => {
  it('reports nothing for a correct stream', () => {
    expect(judgeStream(whole)).toEqual([])
  })

  it('allows a heartbeat between two frames', () => {
    const [first, ...others] = whole.plan.sent as [Buffer, ...Buffer[]]
    expect(judgeStream(withBody(Buffer.concat([first, HEARTBEAT, ...others]), 1))).toEqual([])
  })

  it.each<[string, StreamSides]>([
    ['no summary', { ...whole, summaries: [] }],
    ['two summaries', { ...whole, summaries: [summary, summary] }],
    ['a wrong verdict', { ...whole, summaries: [{ ...summary, verdict: 'upstream_error' }] }],
    ['a wrong status', { ...whole, client: { ...whole.client, status: 502 } }],
    ['an end that is none', { ...whole, client: { ...whole.client, end: 'broken' } }],
    ['an upstream that is still open', { ...whole, upstream: { ...whole.upstream, open: 1 } }],
    ['another request body', { ...whole, upstream: { ...whole.upstream, isRequestWrong: true } }],
    ['a try too many', { ...whole, upstream: { ...whole.upstream, tries: 2 } }],
    ['a lost byte at the end', withBody(body.subarray(0, -1))],
    ['a lost frame', withBody(Buffer.concat(whole.plan.sent.slice(1)))],
    ['a frame that came twice', withBody(Buffer.concat([body, whole.plan.sent[0] as Buffer]))],
    ['frames in another order', withBody(Buffer.concat(whole.plan.sent.toReversed()))],
    [
      'a heartbeat inside of a frame',
      withBody(Buffer.concat([body.subarray(0, 3), HEARTBEAT, body.subarray(3)]), 1),
    ],
    ['a heartbeat too few in the figures', withBody(Buffer.concat([HEARTBEAT, body]), 0)],
  ])('finds %s', (_, given) => {
    expect(judgeStream(given)).not.toEqual([])
  })

  it("accepts a truncated upstream only if the client's connection broke", () => {
    const cut = sides('cut/reads', { verdict: 'upstream_error' })
    expect(judgeStream({ ...cut, client: { ...cut.client, end: 'broken' } })).toEqual([])
    expect(judgeStream(cut)).not.toEqual([])
  })

  it('reports part of an event before a break', () => {
    const cut = sides('cut/reads', { verdict: 'upstream_error' })
    const withTail = Buffer.concat([cut.client.body, cut.plan.tail.subarray(0, 4)])
    const broken = { status: 200, body: withTail, end: 'broken' } as const
    expect(judgeStream({ ...cut, client: broken })).toEqual([
      expect.stringContaining('part of an event'),
    ])
  })

  it('accepts only client_gone for a client that left', () => {
    const left = sides('silent-middle/leaves', { verdict: 'client_gone', code: 'SSE_CLIENT_GONE' })
    const client = { ...left.client, end: 'left' } as const
    expect(judgeStream({ ...left, client })).toEqual([])
    const late = sides('silent-middle/leaves', { verdict: 'timeout' })
    expect(judgeStream({ ...late, client })).not.toEqual([])
  })

  it('accepts one error event, and no more', () => {
    const told = sides('cut/reads', { verdict: 'upstream_error' }, 'told')
    const answer = (text: string): StreamSides => ({
      ...told,
      client: {
        status: 200,
        body: Buffer.concat([told.client.body, Buffer.from(text)]),
        end: 'broken',
      },
    })
    const frame = 'data: {"error":{"message":"m","code":"SSE_UPSTREAM_NETWORK"}}\n\n'
    expect(judgeStream(answer(frame))).toEqual([])
    expect(judgeStream(answer(frame + frame))).not.toEqual([])
    expect(judgeStream(answer('data: [DONE]\n\n'))).not.toEqual([])
  })

  it('accepts an event that a reset cut after its CR as complete', () => {
    const frame = 'data: {"error":{"message":"m","code":"SSE_UPSTREAM_NETWORK"}}\n\n'
    const answer = (sent: string[], received: string): string[] => {
      const told = sides('reset/reads', { verdict: 'upstream_error' }, 'told')
      return judgeStream({
        ...told,
        plan: { ...told.plan, sent: sent.map((text) => Buffer.from(text)), tail: Buffer.alloc(0) },
        client: { status: 200, body: Buffer.from(received), end: 'broken' },
      })
    }
    expect(answer(['data: 1\r\n\r\n'], 'data: 1\r\n\r')).toEqual([])
    expect(answer(['data: 1\r\n\r\n'], `data: 1\r\n\r${frame}`)).toEqual([])
    expect(answer(['data: 1\r\n\r\n'], `data: 1\r\n${frame}`)).not.toEqual([])
    expect(answer(['data: 1\r\n\r\n', ':\n\n'], 'data: 1\r\n\r:\n\n')).not.toEqual([])
    expect(answer(['data: 1\n\n'], 'data: 1\n')).not.toEqual([])
  })
})
