import { sseProxy } from 'sse-stream-kit'
import type { LlmSummary } from 'sse-stream-kit/llm'
import { prometheusText, type StreamDetails, StreamRegistry } from 'sse-stream-kit/metrics'
import { fakeUpstream, transcript } from 'sse-stream-kit/testing'
import { describe, expect, it } from 'vitest'
import { detailsOf, gapsOf, summaryOf } from '../support/summary-of.ts'
import { samplesOf } from './samples.ts'

type Sink = Pick<StreamRegistry, 'streamStarted' | 'streamEnded'>

function run(sink: Sink, llm: Partial<LlmSummary> = {}, details: Partial<StreamDetails> = {}) {
  sink.streamStarted()
  sink.streamEnded(
    summaryOf({ llm: { dialect: 'openai-chat', contentEvents: 3, ...llm } }),
    detailsOf(details),
  )
}

const namesOf = (registry: StreamRegistry): string[] =>
  registry
    .collect()
    .map(({ name }) => name)
    .filter((name) => name.startsWith('sse_llm_'))

describe('the figures of LLM streams', () => {
  it('add up the tokens that streams state, by dialect, model and kind', () => {
    const registry = new StreamRegistry()
    const usage = {
      inputTokens: 10,
      outputTokens: 20,
      cachedInputTokens: 4,
      cacheCreationInputTokens: 3,
      reasoningTokens: 7,
      totalTokens: 30,
    }
    run(registry, { model: 'gpt-4o', usage })
    run(registry, { model: 'gpt-4o', usage })
    run(registry, { model: 'o3', usage: { inputTokens: 1 } })
    run(registry, { dialect: 'anthropic', model: 'gpt-4o', usage: { outputTokens: 0 } })
    const tokens = [...samplesOf(registry)].filter(([name]) => name.startsWith('sse_llm_tokens'))
    expect(Object.fromEntries(tokens)).toEqual({
      'sse_llm_tokens_total{dialect="openai-chat",model="gpt-4o",kind="input"}': 20,
      'sse_llm_tokens_total{dialect="openai-chat",model="gpt-4o",kind="output"}': 40,
      'sse_llm_tokens_total{dialect="openai-chat",model="gpt-4o",kind="cached_input"}': 8,
      'sse_llm_tokens_total{dialect="openai-chat",model="gpt-4o",kind="cache_creation_input"}': 6,
      'sse_llm_tokens_total{dialect="openai-chat",model="gpt-4o",kind="reasoning"}': 14,
      'sse_llm_tokens_total{dialect="openai-chat",model="o3",kind="input"}': 1,
      'sse_llm_tokens_total{dialect="anthropic",model="gpt-4o",kind="output"}': 0,
    })
  })

  it.each([-1, 1.5, Number.POSITIVE_INFINITY, Number.NaN, 2 ** 60])(
    'leave out %s tokens, which a server cannot mean',
    (inputTokens) => {
      const registry = new StreamRegistry()
      run(registry, { model: 'm', usage: { inputTokens, outputTokens: 5 } })
      const samples = samplesOf(registry)
      expect(
        samples.get('sse_llm_tokens_total{dialect="openai-chat",model="m",kind="output"}'),
      ).toBe(5)
      expect(
        samples.has('sse_llm_tokens_total{dialect="openai-chat",model="m",kind="input"}'),
      ).toBe(false)
    },
  )

  it('count tokens of a stream that names no model as those of an unknown one', () => {
    const registry = new StreamRegistry()
    run(registry, { usage: { inputTokens: 2 } })
    expect(
      samplesOf(registry).get(
        'sse_llm_tokens_total{dialect="openai-chat",model="unknown",kind="input"}',
      ),
    ).toBe(2)
  })

  it('count streams by finish reason, and those without one', () => {
    const registry = new StreamRegistry()
    for (const finishReason of ['stop', 'stop', 'length', undefined])
      run(registry, { finishReason })
    run(registry, { dialect: 'gemini', finishReason: 'SAFETY' })
    expect(Object.fromEntries(samplesOf(registry))).toMatchObject({
      'sse_llm_responses_total{dialect="openai-chat",finish_reason="stop"}': 2,
      'sse_llm_responses_total{dialect="openai-chat",finish_reason="length"}': 1,
      'sse_llm_responses_total{dialect="openai-chat",finish_reason="none"}': 1,
      'sse_llm_responses_total{dialect="gemini",finish_reason="SAFETY"}': 1,
    })
  })

  it('count error events by type', () => {
    const registry = new StreamRegistry()
    run(registry)
    expect(namesOf(registry)).not.toContain('sse_llm_errors_total')
    run(registry, { dialect: 'anthropic', upstreamErrorType: 'overloaded_error' })
    run(registry, { dialect: 'anthropic', upstreamErrorType: 'overloaded_error' })
    expect(
      samplesOf(registry).get(
        'sse_llm_errors_total{dialect="anthropic",error_type="overloaded_error"}',
      ),
    ).toBe(2)
  })

  it('have histograms of time to first content, content gaps and output tokens per second', () => {
    const registry = new StreamRegistry()
    const contentGaps = gapsOf([15, 8], [600, 2])
    run(
      registry,
      { firstContentMs: 250, usage: { outputTokens: 120 } },
      { contentGaps, contentMs: 1320 },
    )
    const samples = samplesOf(registry)
    const bucket = (name: string, le: string) =>
      samples.get(`sse_llm_${name}_bucket{dialect="openai-chat",le="${le}"}`)
    expect(['0.16', '0.32'].map((le) => bucket('time_to_first_content_seconds', le))).toEqual([
      0, 1,
    ])
    expect(['0.01', '0.02', '0.64'].map((le) => bucket('content_gap_seconds', le))).toEqual([
      0, 8, 10,
    ])
    expect(['50', '100', '+Inf'].map((le) => bucket('output_tokens_per_second', le))).toEqual([
      0, 1, 1,
    ])
    expect(samples.get('sse_llm_output_tokens_per_second_sum{dialect="openai-chat"}')).toBeCloseTo(
      90.9,
      1,
    )
    expect(samples.get('sse_llm_time_to_first_content_seconds_sum{dialect="openai-chat"}')).toBe(
      0.25,
    )
  })

  it.each<[string, LlmSummary['usage'], number]>([
    ['states no output tokens', { inputTokens: 1 }, 500],
    ['states no output', { outputTokens: 0 }, 500],
    ['came in one chunk', { outputTokens: 10 }, 0],
  ])('have no rate of a stream that %s', (_, usage, contentMs) => {
    const registry = new StreamRegistry()
    run(registry, { usage }, { contentMs })
    expect(
      samplesOf(registry).get('sse_llm_output_tokens_per_second_count{dialect="openai-chat"}'),
    ).toBe(0)
  })

  it('are absent for streams of no known API', () => {
    const registry = new StreamRegistry()
    run(registry, { dialect: 'plain' }, { contentGaps: gapsOf([1, 1]), contentMs: 1 })
    registry.streamEnded(summaryOf(), detailsOf())
    expect(namesOf(registry)).toEqual([])
  })

  it('are kept by route', () => {
    const registry = new StreamRegistry()
    run(registry.sink('chat'), { finishReason: 'stop' })
    run(registry.sink('search'), { finishReason: 'stop' })
    expect(
      samplesOf(registry).get(
        'sse_llm_responses_total{route="search",dialect="openai-chat",finish_reason="stop"}',
      ),
    ).toBe(1)
  })
})

describe('the labels of LLM streams', () => {
  const labelsOf = (registry: StreamRegistry, family: string, label: string): Set<string> =>
    new Set(
      registry
        .collect()
        .filter(({ name }) => name === family)
        .flatMap(({ samples }) => samples.map(({ labels }) => labels[label] ?? '')),
    )

  it('have room for 50 models over all routes, unless told otherwise', () => {
    const registry = new StreamRegistry()
    for (let index = 0; index < 60; index++) {
      const model = `model ${index}`
      run(registry.sink(`route ${index % 2}`), { model, usage: { inputTokens: 1 } })
    }
    const models = labelsOf(registry, 'sse_llm_tokens_total', 'model')
    expect(models.size).toBe(51)
    expect(models).toContain('model 49')
    expect(models).not.toContain('model 50')
    const tokens = [...samplesOf(registry)].filter(([name]) => name.includes('model="other"'))
    expect(tokens.map(([, value]) => value)).toEqual([5, 5])
  })

  it('count every model as other with room for none', () => {
    const registry = new StreamRegistry({ maxModels: 0 })
    run(registry, { model: 'gpt-4o', usage: { inputTokens: 1 } })
    expect([...labelsOf(registry, 'sse_llm_tokens_total', 'model')]).toEqual(['other'])
  })

  it.each([-1, 1.5, Number.NaN, Number.POSITIVE_INFINITY])(
    'refuse room for %s models',
    (maxModels) => {
      expect(() => new StreamRegistry({ maxModels })).toThrow(/maxModels/)
    },
  )

  it('count 10,000 random values in a constant number of series', () => {
    const registry = new StreamRegistry({ maxModels: 5 })
    const random = (): string => Math.random().toString(36).slice(2)
    const runs = (times: number): void => {
      for (let index = 0; index < times; index++) {
        run(registry, {
          dialect: random(),
          model: random(),
          finishReason: random(),
          upstreamErrorType: random(),
          usage: { inputTokens: 1 },
        })
        const fixed = { model: random(), finishReason: random(), upstreamErrorType: random() }
        run(registry, { ...fixed, usage: { inputTokens: 1 } })
      }
    }
    runs(200)
    const before = samplesOf(registry).size
    runs(5000)
    expect(samplesOf(registry).size).toBe(before)
    expect(labelsOf(registry, 'sse_llm_tokens_total', 'model').size).toBe(6)
    expect(labelsOf(registry, 'sse_llm_tokens_total', 'dialect').size).toBe(21)
    expect(labelsOf(registry, 'sse_llm_responses_total', 'finish_reason').size).toBe(51)
    expect(labelsOf(registry, 'sse_llm_errors_total', 'error_type').size).toBe(51)
  })

  it.each([
    ['empty', ''],
    ['too long', 'x'.repeat(101)],
    ['of several lines', 'a\nsse_llm_tokens_total 7'],
    ['with a control character', 'a\u0000'],
    ['with a line separator', 'a\u2028b'],
    ['with a lone surrogate', 'a\ud800'],
    ['written from right to left by a format character', 'a\u202eb'],
  ])('count a model whose name is %s as other', (_, model) => {
    const registry = new StreamRegistry()
    run(registry, { model, usage: { inputTokens: 1 } })
    expect([...labelsOf(registry, 'sse_llm_tokens_total', 'model')]).toEqual(['other'])
  })

  it.each(['gpt-4o', 'models/gemini-2.5-flash', 'org/Model:70b q4', '智谱', 'a "b" \\c{d}'])(
    'keep the model %s',
    (model) => {
      const registry = new StreamRegistry()
      run(registry, { model, usage: { inputTokens: 1 } })
      expect([...labelsOf(registry, 'sse_llm_tokens_total', 'model')]).toEqual([model])
    },
  )
})

it.each(['openai-chat', 'openai-responses', 'anthropic', 'gemini', 'ollama'] as const)(
  'a stream of %s through a proxy is counted with its tokens',
  async (dialect) => {
    const registry = new StreamRegistry()
    const { fetch } = fakeUpstream(transcript(dialect, { tokens: 6 }))
    const proxy = sseProxy('http://upstream.test', { fetch, metrics: registry })
    await (await proxy(new Request('http://localhost/ask', { method: 'POST' }))).text()
    const text = prometheusText(registry)
    expect(text).toMatch(
      new RegExp(
        `^sse_llm_tokens_total\\{dialect="${dialect}",model="[^"]+",kind="output"\\} 6$`,
        'm',
      ),
    )
    expect(text).toContain(`sse_llm_time_to_first_content_seconds_count{dialect="${dialect}"} 1\n`)
    await proxy.close()
  },
)
