import {
  type DataPoint,
  type Histogram,
  MeterProvider,
  MetricReader,
} from '@opentelemetry/sdk-metrics'
import { sseProxy } from 'sse-stream-kit'
import type { LlmSummary } from 'sse-stream-kit/llm'
import {
  type MeterLike,
  type OpenTelemetrySinkOptions,
  openTelemetrySink,
  type StreamDetails,
  StreamRegistry,
  type StreamSummary,
} from 'sse-stream-kit/metrics'
import { fakeUpstream, step, transcript } from 'sse-stream-kit/testing'
import { describe, expect, it } from 'vitest'
import { refusal } from '../support/refusal.ts'
import { detailsOf, gapsOf, summaryOf } from '../support/summary-of.ts'
import { samplesOf } from './samples.ts'

class ManualReader extends MetricReader {
  protected override async onShutdown(): Promise<void> {}
  protected override async onForceFlush(): Promise<void> {}
}

interface Recorded {
  unit: string
  description: string
  boundaries: number[]
  points: { attributes: Record<string, unknown>; count: number; sum: number | undefined }[]
}

/** A sink over a meter of the real SDK, and what that meter recorded. */
function observed(options?: OpenTelemetrySinkOptions) {
  const reader = new ManualReader()
  const provider = new MeterProvider({ readers: [reader] })
  const sink = openTelemetrySink(provider.getMeter('test'), options)
  return {
    sink,
    end(summary: Partial<StreamSummary>, details: Partial<StreamDetails> = {}): void {
      sink.streamStarted()
      sink.streamEnded(summaryOf(summary), detailsOf({ requestDialect: 'openai-chat', ...details }))
    },
    async recorded(): Promise<Record<string, Recorded>> {
      const { resourceMetrics, errors } = await reader.collect()
      expect(errors).toEqual([])
      const metrics = resourceMetrics.scopeMetrics.flatMap((scope) => scope.metrics)
      return Object.fromEntries(
        metrics.map(({ descriptor, dataPoints }) => {
          const { name, unit, description } = descriptor
          const points = dataPoints as DataPoint<Histogram>[]
          return [
            name,
            {
              unit,
              description,
              boundaries: points[0]?.value.buckets.boundaries ?? [],
              points: points.map(({ attributes, value: { count, sum } }) => ({
                attributes,
                count,
                sum,
              })),
            },
          ]
        }),
      )
    },
  }
}

const LLM: LlmSummary = {
  dialect: 'openai-chat',
  model: 'gpt-4o-2024-08-06',
  finishReason: 'stop',
  usage: { inputTokens: 12, outputTokens: 51, reasoningTokens: 3, totalTokens: 63 },
  firstContentMs: 400,
  contentEvents: 50,
}
const COMMON = {
  'gen_ai.operation.name': 'chat',
  'gen_ai.provider.name': 'openai',
  'gen_ai.response.model': 'gpt-4o-2024-08-06',
  'server.address': 'api.openai.com',
  'server.port': 443,
}
const upstreamUrl = new URL('https://api.openai.com')
const DURATION = 'gen_ai.client.operation.duration'

describe('a complete stream', () => {
  it('is recorded with the names, units, buckets, attributes and values of the conventions', async () => {
    const { end, recorded } = observed()
    end(
      { llm: LLM, durationMs: 2000, firstEventMs: 300 },
      { contentGaps: gapsOf([20, 50]), contentMs: 1500, upstreamUrl },
    )
    const seconds = [
      0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92,
    ]
    expect(await recorded()).toEqual({
      'gen_ai.client.token.usage': {
        unit: '{token}',
        description: expect.any(String),
        boundaries: [
          1, 4, 16, 64, 256, 1024, 4096, 16384, 65536, 262144, 1048576, 4194304, 16777216, 67108864,
        ],
        points: [
          { attributes: { ...COMMON, 'gen_ai.token.type': 'input' }, count: 1, sum: 12 },
          { attributes: { ...COMMON, 'gen_ai.token.type': 'output' }, count: 1, sum: 51 },
        ],
      },
      'gen_ai.client.operation.duration': {
        unit: 's',
        description: expect.any(String),
        boundaries: seconds,
        points: [{ attributes: COMMON, count: 1, sum: 2 }],
      },
      'gen_ai.client.operation.time_to_first_chunk': {
        unit: 's',
        description: expect.any(String),
        boundaries: seconds,
        points: [{ attributes: COMMON, count: 1, sum: 0.3 }],
      },
      'gen_ai.server.time_to_first_token': {
        unit: 's',
        description: expect.any(String),
        boundaries: [
          0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10,
        ],
        points: [{ attributes: COMMON, count: 1, sum: 0.4 }],
      },
      'gen_ai.server.time_per_output_token': {
        unit: 's',
        description: expect.any(String),
        boundaries: [0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1, 2.5],
        points: [{ attributes: COMMON, count: 1, sum: 0.03 }],
      },
    })
  })

  it('has only the measurements that it has numbers for', async () => {
    const { sink, recorded } = observed()
    const {
      firstItemMs: _,
      firstEventMs: __,
      ...summary
    } = summaryOf({
      llm: { dialect: 'openai-chat', contentEvents: 0 },
    })
    sink.streamEnded(summary, detailsOf())
    expect(await recorded()).toEqual({
      [DURATION]: expect.objectContaining({
        points: [
          {
            attributes: { 'gen_ai.operation.name': 'chat', 'gen_ai.provider.name': 'openai' },
            count: 1,
            sum: 2,
          },
        ],
      }),
    })
  })

  it('has the time of its first bytes as that of its first chunk where it has no events', async () => {
    const { sink, recorded } = observed()
    const { firstEventMs: _, ...summary } = summaryOf({ isSse: false, firstItemMs: 250 })
    const details = detailsOf({ requestDialect: 'ollama' })
    sink.streamEnded({ ...summary, llm: { dialect: 'ollama', contentEvents: 1 } }, details)
    sink.streamEnded(summary, details)
    const found = await recorded()
    expect(found['gen_ai.client.operation.time_to_first_chunk']?.points).toEqual([
      {
        attributes: { 'gen_ai.operation.name': 'chat', 'gen_ai.provider.name': 'ollama' },
        count: 1,
        sum: 0.25,
      },
    ])
    expect(found[DURATION]?.points).toMatchObject([{ count: 2 }])
  })

  it.each<[string, LlmSummary['usage'], number]>([
    ['of one token', { outputTokens: 1 }, 500],
    ['in one chunk', { outputTokens: 10 }, 0],
    ['with a number of tokens that cannot be', { inputTokens: -3, outputTokens: 1e300 }, 500],
  ])('%s has no time per output token', async (_, usage, contentMs) => {
    const { end, recorded } = observed()
    end({ llm: { ...LLM, usage } }, { contentMs })
    const found = await recorded()
    expect(found).toHaveProperty(['gen_ai.server.time_to_first_token'])
    expect(found).not.toHaveProperty(['gen_ai.server.time_per_output_token'])
    const sums = found['gen_ai.client.token.usage']?.points.map(({ sum }) => sum) ?? []
    expect(sums.every((sum) => sum === 1 || sum === 10)).toBe(true)
  })
})

describe('error.type', () => {
  it.each<[string, Partial<StreamSummary>, string | undefined]>([
    ['a complete stream', { llm: LLM }, undefined],
    [
      'an error event',
      { verdict: 'upstream_error', llm: { ...LLM, upstreamErrorType: 'overloaded_error' } },
      'overloaded_error',
    ],
    [
      'an error event of which the client left',
      {
        verdict: 'client_gone',
        code: 'SSE_CLIENT_GONE',
        llm: { ...LLM, upstreamErrorType: 'server_error' },
      },
      'server_error',
    ],
    [
      'a timeout',
      { verdict: 'timeout', code: 'SSE_UPSTREAM_TIMEOUT', status: 504 },
      'SSE_UPSTREAM_TIMEOUT',
    ],
    ['an error status of the upstream', { isSse: false, status: 429 }, '429'],
    ['an end without the terminal mark', { verdict: 'truncated', llm: LLM }, 'truncated'],
    [
      'an error type of several lines',
      { verdict: 'upstream_error', llm: { ...LLM, upstreamErrorType: 'a\nb' } },
      '_OTHER',
    ],
  ])('of %s', async (_, summary, errorType) => {
    const { end, recorded } = observed()
    end(summary)
    const found = await recorded()
    const [point, ...more] = found[DURATION]?.points ?? []
    expect(more).toEqual([])
    expect(point?.attributes['error.type']).toBe(errorType)
    // For successful responses only.
    expect('gen_ai.server.time_to_first_token' in found).toBe(errorType === undefined)
  })

  it('and models are bounded', async () => {
    const { end, recorded } = observed({ maxModels: 2 })
    for (let index = 0; index < 100; index++) {
      const llm = { ...LLM, model: `model ${index % 4}`, upstreamErrorType: `error ${index}` }
      end({ llm, verdict: 'upstream_error' })
    }
    end({ verdict: 'timeout', code: 'SSE_UPSTREAM_TIMEOUT', status: 504 })
    const { [DURATION]: durations } = await recorded()
    const values = (name: string): Set<unknown> =>
      new Set(durations?.points.map(({ attributes }) => attributes[name]))
    expect([...values('gen_ai.response.model')]).toEqual(['model 0', 'model 1', 'other', undefined])
    expect(values('error.type').size).toBe(52)
    expect(values('error.type')).toContain('SSE_UPSTREAM_TIMEOUT')
    expect(values('error.type')).toContain('_OTHER')
  })
})

describe('what a request is recorded as', () => {
  async function attributesOf(
    llm: LlmSummary | undefined,
    details: Partial<StreamDetails> = {},
    options?: OpenTelemetrySinkOptions,
  ): Promise<object | undefined> {
    const { end, recorded } = observed(options)
    end({ llm }, details)
    return (await recorded())[DURATION]?.points[0]?.attributes
  }
  const plain: LlmSummary = { dialect: 'plain', contentEvents: 0 }

  it.each([
    ['openai-chat', 'openai', 'chat'],
    ['openai-responses', 'openai', 'chat'],
    ['anthropic', 'anthropic', 'chat'],
    ['gemini', 'gcp.gemini', 'generate_content'],
    ['my-own', 'my-own', 'chat'],
  ])('%s is of the provider %s, with the operation %s', async (dialect, provider, operation) => {
    expect(await attributesOf({ dialect, contentEvents: 1 })).toEqual({
      'gen_ai.operation.name': operation,
      'gen_ai.provider.name': provider,
    })
  })

  it.each([
    ['https://api.groq.com/openai', 'groq', 'api.groq.com', 443],
    [
      'https://us-east5-aiplatform.googleapis.com',
      'gcp.vertex_ai',
      'us-east5-aiplatform.googleapis.com',
      443,
    ],
    ['https://me.openai.azure.com', 'azure.ai.openai', 'me.openai.azure.com', 443],
    ['http://10.0.0.7:8000/v1', 'openai', '10.0.0.7', 8000],
    ['http://[::1]', 'openai', '::1', 80],
  ])('an upstream %s is of the provider %s at %s:%i', async (url, provider, address, port) => {
    expect(
      await attributesOf(
        { dialect: 'openai-chat', contentEvents: 1 },
        { upstreamUrl: new URL(url) },
      ),
    ).toEqual({
      'gen_ai.operation.name': 'chat',
      'gen_ai.provider.name': provider,
      'server.address': address,
      'server.port': port,
    })
  })

  it('is what its path says where the response does not', async () => {
    const requestDialect = 'anthropic'
    expect(await attributesOf(undefined, { requestDialect })).toHaveProperty(
      ['gen_ai.provider.name'],
      'anthropic',
    )
    expect(await attributesOf(plain, { requestDialect })).toHaveProperty(
      ['gen_ai.provider.name'],
      'anthropic',
    )
    const stream = { dialect: 'gemini', contentEvents: 1 }
    expect(await attributesOf(stream, { requestDialect })).toHaveProperty(
      ['gen_ai.provider.name'],
      'gcp.gemini',
    )
  })

  it('is nothing where neither says so', async () => {
    expect(await attributesOf(undefined, { requestDialect: 'plain' })).toBeUndefined()
    expect(await attributesOf(plain, { requestDialect: 'plain' })).toBeUndefined()
  })

  it('is what the attributes of the options say', async () => {
    const attributes = {
      'gen_ai.provider.name': 'azure.ai.openai',
      team: 'search',
      'server.port': 1,
    }
    expect(await attributesOf(LLM, { upstreamUrl }, { attributes })).toEqual({
      ...COMMON,
      ...attributes,
    })
  })
})

describe('the sink', () => {
  it.each([
    ['a meter without createHistogram', {}, {}, TypeError, 'createHistogram'],
    ['no meter', undefined, {}, TypeError, 'createHistogram'],
    ['an unknown option', { createHistogram() {} }, { attribute: {} }, TypeError, 'attributes'],
    ['a wrong maxModels', { createHistogram() {} }, { maxModels: -1 }, RangeError, 'maxModels'],
  ])('refuses %s', (_, meter, options, kind, name) => {
    const create = (): unknown =>
      openTelemetrySink(meter as unknown as MeterLike, options as OpenTelemetrySinkOptions)
    expect(create).toThrow(refusal(kind, name))
  })

  it('records what goes through a proxy, next to a registry', async () => {
    const { sink, recorded } = observed()
    const registry = new StreamRegistry()
    const script = [transcript('anthropic', { tokens: 6 }), [step.json(529, {})]]
    const { fetch } = fakeUpstream((request) => script[request.index] ?? [])
    const metrics = [registry, sink]
    const proxy = sseProxy('http://upstream.test:81', { fetch, metrics })
    for (const _ of script) {
      const request = new Request('http://localhost/v1/messages', { method: 'POST' })
      await (await proxy(request)).text()
    }
    await proxy.close()
    const found = await recorded()
    const server = { 'server.address': 'upstream.test', 'server.port': 81 }
    const common = {
      'gen_ai.operation.name': 'chat',
      'gen_ai.provider.name': 'anthropic',
      ...server,
    }
    const model = { 'gen_ai.response.model': expect.any(String) }
    expect(found[DURATION]?.points).toEqual([
      { attributes: { ...common, ...model }, count: 1, sum: expect.any(Number) },
      { attributes: { ...common, 'error.type': '529' }, count: 1, sum: expect.any(Number) },
    ])
    expect(found['gen_ai.client.token.usage']?.points).toContainEqual({
      attributes: { ...common, ...model, 'gen_ai.token.type': 'output' },
      count: 1,
      sum: 6,
    })
    expect(samplesOf(registry).get('sse_streams_active')).toBe(0)
    expect(registry.isDraining).toBe(true)
  })
})
