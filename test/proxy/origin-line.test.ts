import { describe, expect, it, vi } from 'vitest'
import { DIALECTS } from '../../src/llm/dialects.ts'
import { plain } from '../../src/llm/plain.ts'
import { relay } from '../../src/pipeline/relay.ts'
import { type OriginLineOptions, originLine } from '../../src/proxy/origin-line.ts'
import type { TapSummary } from '../../src/transforms/metrics-tap.ts'
import { NO_LIMITS } from '../support/upstream/open-call.ts'
import { watchTimers } from '../support/watch-timers.ts'

watchTimers()

type Settings = OriginLineOptions['settings']
type Given = Partial<Omit<OriginLineOptions, 'settings'>> & Partial<Pick<Settings, 'transform'>>

function open({ transform, dialects = [], ...given }: Given = {}) {
  let summary: TapSummary | undefined
  const onFirstEvent = vi.fn()
  const line = originLine({
    isSse: true,
    requestedAt: performance.now(),
    timeouts: NO_LIMITS,
    dialects,
    guess: plain,
    isGiven: false,
    hidesUsage: false,
    finish: () => {},
    settings: { maxEventBytes: 1_000, transform, truncation: 'signal' },
    onFirstEvent,
    onEnd: (ended) => {
      summary = ended
    },
    ...given,
  })
  return {
    line,
    onFirstEvent,
    names: line.stages.map((stage) => stage.constructor.name),
    figures: () => line.figures(summary as TapSummary),
    /** Sends the parts through the line, after as many milliseconds each. */
    async send(...parts: (readonly [afterMs: number, text: string])[]): Promise<string> {
      const source = new ReadableStream<Uint8Array>(
        {
          async pull(controller) {
            const [afterMs, text] = parts.shift() ?? []
            if (afterMs === undefined) controller.close()
            else {
              await new Promise((resolve) => setTimeout(resolve, afterMs))
              controller.enqueue(new TextEncoder().encode(text))
            }
          },
        },
        { highWaterMark: 0 },
      )
      const text = new Response(relay(source, line.stages)).text()
      await vi.runAllTimersAsync()
      return text
    },
  }
}

const EVENTS_ONLY = { ...NO_LIMITS, idleCounts: 'events' } as const

describe('an origin line', () => {
  it.each<[string, Given, string[]]>([
    ['an event stream', {}, ['UpstreamClock', 'FrameSplitterStage', 'MetricsTapStage']],
    ['another body', { isSse: false }, ['UpstreamClock', 'MetricsTapStage']],
    [
      'another body, whatever the options for events are',
      { isSse: false, transform: (event) => event, timeouts: EVENTS_ONLY },
      ['UpstreamClock', 'MetricsTapStage'],
    ],
    [
      'lines of JSON whose dialect is looked for',
      { isSse: false, dialects: DIALECTS },
      ['UpstreamClock', 'MetricsTapStage', 'NdjsonTap'],
    ],
    [
      'an event stream with idleCounts',
      { timeouts: EVENTS_ONLY },
      ['UpstreamClock', 'FrameSplitterStage', 'ActivityCounter', 'MetricsTapStage'],
    ],
    [
      'an event stream whose dialect is looked for',
      { dialects: DIALECTS },
      ['UpstreamClock', 'FrameSplitterStage', 'MetricsTapStage', 'LlmTap'],
    ],
    [
      'an event stream with a transform, which comes after the metrics',
      { transform: (event) => event },
      ['UpstreamClock', 'FrameSplitterStage', 'MetricsTapStage', 'EventRewriterStage'],
    ],
  ])('has the stages for %s', (_, given, names) => {
    const { names: stages, line } = open(given)
    expect(stages).toEqual(names)
    for (const stage of line.stages) stage.dispose?.('done')
  })

  it('measures from the request on, and counts events and bytes', async () => {
    const line = open({ requestedAt: performance.now() - 500 })
    const text = await line.send([100, ': hi\n\n'], [200, 'data: 1\n\n'], [300, 'data: 2\n\n'])
    expect(text).toBe(': hi\n\ndata: 1\n\ndata: 2\n\n')
    expect(line.onFirstEvent).toHaveBeenCalledTimes(1)
    expect(line.line.countEvents()).toBe(2)
    expect(line.figures()).toMatchObject({
      firstItemMs: 600,
      firstEventMs: 800,
      events: 2,
      bytesIn: 24,
      bytesOut: 24,
    })
  })

  it('counts what the transform makes of the bytes', async () => {
    const line = open({ transform: ({ data }) => (data === '1' ? null : { data: 'longer' }) })
    expect(await line.send([0, 'data: 1\n\ndata: 2\n\n'])).toBe('data: longer\n\n')
    expect(line.figures()).toMatchObject({ events: 2, bytesIn: 18, bytesOut: 14 })
  })

  it('takes the first byte of another body for its first event, and reports no event', async () => {
    const line = open({ isSse: false })
    await line.send([100, '{'], [100, '}'])
    expect(line.onFirstEvent).toHaveBeenCalledTimes(1)
    expect(line.figures()).toMatchObject({ firstItemMs: 100, events: 0 })
    expect(line.figures()).not.toHaveProperty('firstEventMs')
  })

  it('does not count pings with idleCounts: events', async () => {
    const line = open({ timeouts: EVENTS_ONLY })
    await line.send([0, 'event: ping\ndata: {}\n\n'])
    expect(line.line.countEvents()).toBe(0)
    expect(line.onFirstEvent).not.toHaveBeenCalled()
    expect(line.figures()).toMatchObject({ events: 1 })
  })
})
