import { prometheusText, StreamRegistry } from 'sse-stream-kit/metrics'
import { describe, expect, it } from 'vitest'
import { detailsOf, summaryOf } from '../support/summary-of.ts'

describe('the metric of timeouts', () => {
  it('shows every phase at zero, so that the step to 1 is visible', () => {
    const text = prometheusText(new StreamRegistry())
    for (const phase of ['connect', 'headers', 'first_event', 'idle', 'total', 'client_stall']) {
      expect(text).toContain(`sse_timeouts_total{phase="${phase}"} 0\n`)
    }
    expect(text).not.toContain('phase="other"')
  })

  it('counts timeouts by phase, and nothing else', () => {
    const registry = new StreamRegistry()
    const chat = registry.sink('chat')
    chat.streamEnded(summaryOf({ verdict: 'timeout', phase: 'idle' }), detailsOf())
    chat.streamEnded(summaryOf({ verdict: 'timeout', phase: 'idle' }), detailsOf())
    chat.streamEnded(summaryOf({ verdict: 'client_gone', code: 'SSE_CLIENT_STALLED' }), detailsOf())
    chat.streamEnded(summaryOf({ verdict: 'timeout', phase: 'a"\n' as 'idle' }), detailsOf())
    chat.streamEnded(summaryOf({}), detailsOf())
    const text = prometheusText(registry)
    const counts = Object.fromEntries(
      [...text.matchAll(/sse_timeouts_total\{route="chat",phase="(\w+)"\} (\d+)/g)].map(
        ([, phase, count]) => [phase, Number(count)],
      ),
    )
    expect(counts).toEqual({
      connect: 0,
      headers: 0,
      first_event: 0,
      idle: 2,
      total: 0,
      client_stall: 1,
      other: 1,
    })
  })
})
