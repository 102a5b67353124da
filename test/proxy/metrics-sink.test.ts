import { type ProxyFetchOptions, proxyFetch, type StreamSummary } from 'sse-stream-kit'
import { gemini } from 'sse-stream-kit/llm'
import type { MetricsSink, StreamDetails } from 'sse-stream-kit/metrics'
import { fakeUpstream, step, transcript, type UpstreamScript } from 'sse-stream-kit/testing'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'

interface Report {
  summary: StreamSummary
  details: StreamDetails
}

interface Given extends ProxyFetchOptions {
  pathname?: string
  upstream?: Parameters<typeof proxyFetch>[1]
}

/** What the sink of one request is given in the end. */
async function reported(
  script: UpstreamScript,
  {
    pathname = '/v1/chat/completions',
    upstream = 'http://up.test:8080/base',
    ...options
  }: Given = {},
): Promise<Report> {
  const reports: Report[] = []
  const metrics: MetricsSink = {
    streamStarted: () => {},
    streamEnded: (summary, details) => reports.push({ summary, details }),
  }
  const { fetch } = fakeUpstream(script)
  const request = new Request(`http://client.test${pathname}`)
  const answered = proxyFetch(request, upstream, { fetch, metrics, ...options })
  const text = answered.then((response) => response.text())
  await vi.advanceTimersByTimeAsync(60_000)
  await text
  expect(reports).toHaveLength(1)
  return reports[0] as Report
}

function lengths(gaps: StreamDetails['gaps']): [gapMs: number, count: number][] {
  const found: [number, number][] = []
  gaps.forEach((gapMs, count) => {
    found.push([gapMs, count])
  })
  return found
}

const UPSTREAMS = ['http://first.test', 'http://second.test']
const delta = (content: string) =>
  step.send({ data: JSON.stringify({ choices: [{ index: 0, delta: { content } }] }) })
const role = step.send({
  data: JSON.stringify({ choices: [{ index: 0, delta: { role: 'assistant' } }] }),
})
const done = step.send({ data: '[DONE]' })

describe('what a sink is given of a stream', () => {
  beforeEach(() => {
    vi.useFakeTimers()
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  it('has the waits between content, and not those before, behind and beside it', async () => {
    const { summary, details } = await reported([
      role,
      step.wait(3000),
      delta('a'),
      step.wait(100),
      step.comment('PROCESSING'),
      step.wait(200),
      delta('b'),
      step.wait(20),
      delta('c'),
      step.wait(5000),
      done,
    ])
    expect(summary.llm?.contentEvents).toBe(3)
    const [[shortMs, short] = [0, 0], [longMs, long] = [0, 0], ...more] = lengths(
      details.contentGaps,
    )
    expect([short, long, more]).toEqual([1, 1, []])
    expect(Math.abs(shortMs / 20 - 1)).toBeLessThan(0.06)
    expect(Math.abs(longMs / 300 - 1)).toBeLessThan(0.06)
    expect(details.contentMs).toBe(320)
    expect(lengths(details.gaps)).toHaveLength(5)
  })

  it('has one wait for a chunk of several events', async () => {
    const { details } = await reported([
      delta('a'),
      step.wait(50),
      step.raw('data: {"choices":[{"delta":{"content":"b"}}]}\n\n'.repeat(3)),
      done,
    ])
    expect(lengths(details.contentGaps).map(([, count]) => count)).toEqual([1])
    expect(details.contentMs).toBe(50)
  })

  it.each([
    ['one piece of content', [step.wait(50), delta('a'), step.wait(50), done]],
    ['no content', [role, step.wait(50), done]],
    ['no event stream', [step.json(200, { choices: [] })]],
    ['a response without a body', [step.status(204)]],
  ])('has no waits between content for %s', async (_, script) => {
    const { details } = await reported(script)
    expect(lengths(details.contentGaps)).toEqual([])
    expect(details.contentMs).toBe(0)
  })

  it.each<[string, Given, string]>([
    ['/v1/messages', {}, 'anthropic'],
    ['/v1/models', {}, 'plain'],
    ['/v1/models', { dialect: false }, 'plain'],
    ['/v1/models', { dialect: gemini }, 'gemini'],
    ['/api/ask', { path: { '/api/ask': '/v1/responses' } }, 'openai-responses'],
  ])('has the dialect that a request to %s with %o is for', async (pathname, given, dialect) => {
    const { details } = await reported([step.json(429, {})], { pathname, ...given })
    expect(details.requestDialect).toBe(dialect)
  })

  it('has the URL of the upstream that served', async () => {
    const { details } = await reported(transcript('openai-chat'))
    expect(details.upstreamUrl?.href).toBe('http://up.test:8080/base')
  })

  it.each<[string, Given, string | undefined]>([
    ['a list', { upstream: UPSTREAMS }, 'http://second.test/'],
    ['a function', { upstream: () => 'http://second.test/' }, 'http://second.test/'],
    ['a function that is not allowed', { upstream: () => 'http://third.test/' }, undefined],
  ])('has the URL of the upstream that failed last, of %s', async (_, given, url) => {
    const fetch = async (): Promise<Response> => {
      throw new TypeError('refused')
    }
    const allowedUpstreams = typeof given.upstream === 'function' ? UPSTREAMS : undefined
    const { details } = await reported([], { fetch, allowedUpstreams, ...given })
    expect(details.upstreamUrl?.href).toBe(url)
  })
})
