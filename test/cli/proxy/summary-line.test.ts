import { expect, it } from 'vitest'
import { summaryLine } from '../../../src/cli/proxy/summary-line.ts'
import { summaryOf } from '../../support/summary-of.ts'

const REQUEST = new Request('http://proxy.test/v1/chat/completions?key=secret', { method: 'POST' })
const AT = new Date(Date.UTC(2030, 0, 2, 3, 4, 5, 6))

it('is one line of pairs, without unknown values', () => {
  const line = summaryLine(
    summaryOf({
      verdict: 'timeout',
      code: 'SSE_UPSTREAM_TIMEOUT',
      causeCode: 'UND_ERR_CONNECT_TIMEOUT',
      phase: 'idle',
      status: 200,
      isSse: true,
      durationMs: 1234.56,
      headersMs: 10.4,
      firstEventMs: 99.5,
      events: 7,
      gaps: { p50Ms: 1, p95Ms: 2, maxMs: 3.2 },
      pauses: { count: 4, totalMs: 5 },
      bytesIn: 100,
      bytesOut: 116,
      heartbeats: 1,
    }),
    REQUEST,
    AT,
  )
  expect(line).toBe(
    'time=2030-01-02T03:04:05.006Z verdict=timeout code=SSE_UPSTREAM_TIMEOUT cause=UND_ERR_CONNECT_TIMEOUT ' +
      'phase=idle status=200 method=POST path=/v1/chat/completions kind=stream headers_ms=10 first_event_ms=100 total_ms=1235 max_gap_ms=3 events=7 heartbeats=1 ' +
      'bytes_in=100 bytes_out=116 pauses=4',
  )
})

it('leaves out what did not happen', () => {
  const { firstEventMs, ...rest } = summaryOf({ verdict: 'error', status: 400, isSse: false })
  expect(summaryLine(rest, new Request('http://proxy.test/'), AT)).toBe(
    'time=2030-01-02T03:04:05.006Z verdict=error status=400 method=GET path=/ kind=plain total_ms=2000 events=10 heartbeats=1 bytes_in=1000 bytes_out=1013 pauses=0',
  )
})

it('ends with what an LLM stream stated', () => {
  const llm = {
    dialect: 'anthropic',
    model: 'claude-sonnet-4-5',
    finishReason: 'end_turn',
    usage: {
      inputTokens: 25,
      outputTokens: 0,
      cachedInputTokens: 7,
      cacheCreationInputTokens: 8,
      reasoningTokens: 9,
      totalTokens: 49,
    },
    firstContentMs: 411.6,
    contentEvents: 3,
    upstreamErrorType: 'overloaded_error',
  }
  const line = summaryLine(summaryOf({ llm }), REQUEST, AT)
  expect(line).toContain(
    ' pauses=0 dialect=anthropic model=claude-sonnet-4-5 finish_reason=end_turn upstream_error=overloaded_error first_content_ms=412 ' +
      'input_tokens=25 output_tokens=0 cached_input_tokens=7 cache_creation_input_tokens=8 reasoning_tokens=9',
  )
})

it('ends with the dialect alone where an LLM stream stated nothing, and without that of a plain one', () => {
  const of = (dialect: string): string =>
    summaryLine(summaryOf({ llm: { dialect, contentEvents: 0 } }), REQUEST, AT)
  expect(of('gemini')).toMatch(/ pauses=0 dialect=gemini$/)
  expect(of('plain')).toMatch(/ pauses=0$/)
})

it('stays one line of pairs for any words of an upstream', () => {
  const text = `a b\nc\u2028d\u0000\u001b[31m\ud800 status=200 ${'x'.repeat(300)}`
  const llm = {
    dialect: 'openai-chat',
    model: text,
    finishReason: text,
    upstreamErrorType: text,
    contentEvents: 1,
  }
  const line = summaryLine(summaryOf({ llm }), REQUEST, AT)
  expect(line.split(/\s/).every((pair) => /^[a-z_]+=[\x21-\x7e]+$/.test(pair))).toBe(true)
  expect(line).toContain(' model=a_b_c_d__[31m__status=200_xxx')
  expect(line.match(/ status=/g)).toHaveLength(1)
  expect(line.length).toBeLessThan(700)
})

it('stays one line of pairs for any path', () => {
  const request = new Request(`http://proxy.test/a b\tc\u2028d%0Astatus=200/${'x'.repeat(300)}`)
  const line = summaryLine(summaryOf(), request, AT)
  expect(line.split(/\s/).every((pair) => /^[a-z_]+=\S+$/.test(pair))).toBe(true)
  expect(line).toContain(' path=/a%20bc%E2%80%A8d%0Astatus=200/xxx')
  expect(line.length).toBeLessThan(500)
})
