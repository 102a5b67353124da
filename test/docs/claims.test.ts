import { readFileSync } from 'node:fs'
import * as streams from 'sse-stream-kit'
import { type ProxyOptions, sseProxy } from 'sse-stream-kit'
import { prometheusText, StreamRegistry } from 'sse-stream-kit/metrics'
import { describe, expect, it } from 'vitest'
import { refusal } from '../support/refusal.ts'
import { detailsOf, gapsOf, summaryOf } from '../support/summary-of.ts'

const page = (name: string): string =>
  readFileSync(new URL(`../../${name}`, import.meta.url), 'utf8').replaceAll(/\s+/g, ' ')

/** The names in backticks between two texts. */
function namesBetween(text: string, from: string, to: string): string[] {
  const start = text.indexOf(from)
  const end = text.indexOf(to, start)
  if (start < 0 || end < 0) throw new Error(`"${from} ... ${to}" is not there`)
  return [...text.slice(start, end).matchAll(/`(\w+)`/g)].map(([, name = '']) => name)
}

const proxyWith = (options: object): void => {
  sseProxy('http://127.0.0.1:1', options as ProxyOptions)
}

describe('what the docs claim', () => {
  it('false turns off the options that docs/proxy.md names, and throws for the others', () => {
    const off = namesBetween(page('docs/proxy.md'), '`false` turns off', 'elsewhere')
    expect(off).toEqual([
      'false',
      'heartbeat',
      'retry',
      'breaker',
      'forwarded',
      'dialect',
      'timeouts',
    ])
    const limits = ['connectMs', 'headersMs', 'firstEventMs', 'idleMs', 'totalMs', 'clientStallMs']
    for (const name of off.slice(1, -1)) proxyWith({ [name]: false })
    for (const name of limits) proxyWith({ timeouts: { [name]: false } })
    for (const name of ['transform', 'onEnd', 'metrics', 'fallbackOn', 'budget', 'fetch'])
      expect(() => proxyWith({ [name]: false }), name).toThrow(refusal(TypeError, name))
  })

  it('every transform but WatermarkBuffer has a static stage()', () => {
    expect(page('README.md')).toContain('All but `WatermarkBuffer` also have a static `stage()`')
    const { SseDecoder, SseEncoder, FrameSplitter, HeartbeatInjector, MetricsTap, EventMap } =
      streams
    for (const transform of [
      SseDecoder,
      SseEncoder,
      FrameSplitter,
      HeartbeatInjector,
      MetricsTap,
      EventMap,
    ])
      expect(transform).toHaveProperty('stage')
    expect(streams.WatermarkBuffer).not.toHaveProperty('stage')
  })

  it('the handler rejects for a request whose body was read, and for what is not a request', async () => {
    expect(page('docs/proxy.md')).toContain(
      'The handler rejects only for a mistake of the application',
    )
    const proxy = sseProxy('http://127.0.0.1:1')
    const read = new Request('http://app.test/', { method: 'POST', body: 'x' })
    await read.text()
    await expect(proxy(read)).rejects.toThrow(TypeError)
    await expect(proxy({} as Request)).rejects.toThrow(TypeError)
  })

  it('LLM streams add 49 series per route and dialect, without finish reasons, errors and models', () => {
    expect(page('docs/metrics.md')).toContain(
      'LLM streams add 49 series per route and dialect, one',
    )
    const seriesOf = (registry: StreamRegistry): number =>
      prometheusText(registry).match(/^[^#\n]/gm)?.length ?? 0
    const registry = new StreamRegistry()
    const before = seriesOf(registry)
    const llm = { dialect: 'openai-chat', finishReason: 'stop', contentEvents: 1 }
    registry.streamEnded(summaryOf({ llm }), detailsOf())
    expect(seriesOf(registry) - before).toBe(49 + 1)
  })

  it('50 routes are up to 300 KiB of metrics', () => {
    expect(page('docs/metrics.md')).toContain('up to 300 KiB')
    const registry = new StreamRegistry()
    for (let route = 0; route < 50; route++) {
      const sink = registry.sink(`route-${route}`)
      for (const verdict of ['complete', 'client_gone', 'upstream_error', 'timeout'] as const) {
        sink.streamStarted()
        sink.streamEnded(summaryOf({ verdict }), detailsOf({ gaps: gapsOf([20, 9]) }))
      }
    }
    const kib = prometheusText(registry).length / 1024
    expect(kib).toBeGreaterThan(200)
    expect(kib).toBeLessThan(300)
  })
})
