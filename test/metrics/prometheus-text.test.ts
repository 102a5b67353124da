import { spawnSync } from 'node:child_process'
import parse from 'parse-prometheus-text-format'
import type { LlmSummary } from 'sse-stream-kit/llm'
import { type MetricFamily, prometheusText, StreamRegistry } from 'sse-stream-kit/metrics'
import { describe, expect, it } from 'vitest'
import { detailsOf, gapsOf, summaryOf } from '../support/summary-of.ts'

const AWKWARD_ROUTE = 'a "b" \\n c\\\nd, e="{f}" \u00e9\u{1f600}'

const LLM: LlmSummary = {
  dialect: 'openai-chat',
  model: 'a "model" \\n of 7{b}',
  finishReason: 'stop',
  usage: { inputTokens: 5, outputTokens: 7, reasoningTokens: 0 },
  firstContentMs: 120,
  contentEvents: 7,
  upstreamErrorType: 'server_error',
}

function busyRegistry(): StreamRegistry {
  const registry = new StreamRegistry({ maxRoutes: 2 })
  for (const route of ['chat', AWKWARD_ROUTE, 'one too many']) {
    const sink = registry.sink(route)
    for (const status of [100, 200, 302, 429, 503, 0]) {
      sink.streamStarted()
      sink.streamEnded(
        summaryOf({ status, durationMs: status * 1000 + 0.1, llm: LLM }),
        detailsOf({
          gaps: gapsOf([0.001, 7], [33, 1_000_000], [100_000, 1]),
          contentGaps: gapsOf([20, 9], [3000, 1]),
          contentMs: 3180,
        }),
      )
    }
  }
  registry.streamStarted()
  return registry
}

function only(samples: MetricFamily['samples'], type: MetricFamily['type'] = 'counter'): string {
  const family = { name: 'x_total', help: 'h', type, samples } as MetricFamily
  return prometheusText({ collect: () => [family] })
}

describe('the text', () => {
  it('parses back to the metrics of the registry', () => {
    const registry = new StreamRegistry()
    registry.streamStarted()
    registry.streamEnded(summaryOf(), detailsOf({ gaps: gapsOf([33, 100], [100_000, 1]) }))
    const expected = registry.collect().map((family) => ({
      name: family.name,
      type: family.type.toUpperCase(),
      help: family.help,
      metrics:
        family.type === 'histogram'
          ? family.samples.map(({ value }) => ({
              buckets: Object.fromEntries([
                ...value.buckets.map(({ upperBound, count }) => [upperBound, `${count}`]),
                ['+Inf', `${value.count}`],
              ]),
              sum: `${value.sum}`,
              count: `${value.count}`,
            }))
          : family.samples.map(({ labels, value }) => ({
              value: `${value}`,
              ...(Object.keys(labels).length > 0 && { labels }),
            })),
    }))
    expect(parse(prometheusText(registry))).toEqual(expected)
  })

  it('parses back to every label and value', () => {
    const registry = busyRegistry()
    const expected = registry.collect().flatMap((family) =>
      family.type === 'histogram'
        ? family.samples.flatMap(({ labels, value }) => [
            ...value.buckets.map(({ upperBound, count }) => ({
              labels: { ...labels, le: `${upperBound}` },
              value: `${count}`,
            })),
            { labels: { ...labels, le: '+Inf' }, value: `${value.count}` },
            { labels, value: `${value.sum}` },
            { labels, value: `${value.count}` },
          ])
        : family.samples.map(({ labels, value }) => ({ labels, value: `${value}` })),
    )
    // This parser joins the histograms of all label sets into one; without the type, it returns the lines unchanged.
    const samples = prometheusText(registry).replaceAll(/^#.*\n/gm, '')
    const parsed = parse(samples).flatMap(({ metrics }) => metrics)
    expect(parsed.map((metric) => ({ labels: {}, ...metric }))).toEqual(expected)
  })

  it('has HELP and TYPE once per metric, before its samples', () => {
    const names = new Set<string>()
    let current = ''
    for (const line of prometheusText(busyRegistry()).trimEnd().split('\n')) {
      const [, keyword, name = ''] = /^# (HELP|TYPE) (\S+) ./.exec(line) ?? []
      if (keyword === 'HELP') {
        expect(names.has(name)).toBe(false)
        names.add(name)
        current = name
      } else {
        expect(line.startsWith(keyword === 'TYPE' ? `# TYPE ${current} ` : current)).toBe(true)
      }
    }
    expect(names.size).toBe(18)
  })

  it('has cumulative buckets, the last of which is the count', () => {
    const counts = new Map<string, number>()
    let histograms = 0
    for (const line of prometheusText(busyRegistry()).split('\n')) {
      const [, name, labels = '', le, count] =
        /^(\w+)_bucket\{(?:(.*),)?le="([^"]+)"\} (\d+)$/.exec(line) ?? []
      if (name !== undefined) {
        const key = `${name}{${labels}}`
        expect(Number(count)).toBeGreaterThanOrEqual(counts.get(key) ?? 0)
        counts.set(key, Number(count))
        if (le === '+Inf') histograms++
        continue
      }
      const [, counted, rest = '{}', total] = /^(\w+)_count(\{.*\})? (\d+)$/.exec(line) ?? []
      if (counted !== undefined) expect(counts.get(`${counted}${rest}`)).toBe(Number(total))
    }
    expect(histograms).toBe(21)
  })

  it('ends with a line feed', () => {
    expect(prometheusText(new StreamRegistry())).toMatch(/[^\n]\n$/)
  })

  it('escapes backslash, double quote and line feed in label values', () => {
    expect(only([{ labels: { route: 'a\\b"c\nd\\n' }, value: 1 }])).toContain(
      '\nx_total{route="a\\\\b\\"c\\nd\\\\n"} 1\n',
    )
  })

  it('escapes backslash and line feed in HELP, and no quotes', () => {
    const text = prometheusText({
      collect: () => [{ name: 'x', help: 'a\\b\n"c"', type: 'gauge', samples: [] }],
    })
    expect(text).toBe('# HELP x a\\\\b\\n"c"\n# TYPE x gauge\n')
  })

  it.each([
    [Number.POSITIVE_INFINITY, '+Inf'],
    [Number.NEGATIVE_INFINITY, '-Inf'],
    [Number.NaN, 'NaN'],
    [1e21, '1e+21'],
    [0.1, '0.1'],
  ])('writes %s as %s', (value, text) => {
    expect(only([{ labels: {}, value }], 'gauge')).toContain(`\nx_total ${text}\n`)
  })
})

describe('promtool', () => {
  const missing = spawnSync('promtool', ['--version']).error !== undefined
  // In CI a missing promtool is a failure; elsewhere `npm test` needs only npm.
  const required = process.env['REQUIRE_PROMTOOL'] === '1'

  it.skipIf(missing && !required).each([
    ['an unused registry', new StreamRegistry()],
    ['a busy registry', busyRegistry()],
  ])('finds nothing to say against the metrics of %s', (_, registry) => {
    const { error, status, stdout, stderr } = spawnSync('promtool', ['check', 'metrics'], {
      input: prometheusText(registry),
      encoding: 'utf8',
    })
    expect({ error, status, stdout, stderr }).toEqual({
      error: undefined,
      status: 0,
      stdout: '',
      stderr: '',
    })
  })
})
