import {
  FrameSplitter,
  MetricsTap,
  type MetricsTapOptions,
  relay,
  type TapSummary,
} from 'sse-stream-kit/streams'
import { describe, expect, it, vi } from 'vitest'
import { settled } from '../support/settled.ts'
import { bytes } from '../support/sse/bytes.ts'
import { allOf } from '../support/streams/all-of.ts'
import { HandFed } from '../support/streams/hand-fed.ts'
import { warningsDuring } from '../support/warnings-during.ts'
import { watchRejections } from '../support/watch-rejections.ts'
import { watchTimers } from '../support/watch-timers.ts'

watchRejections()
watchTimers()

const sleep = async (waitMs: number): Promise<void> => {
  await settled()
  vi.advanceTimersByTime(waitMs)
  await settled()
}

/** A tap with a reader that takes what comes, and what its observer is told. */
function tapped<T = Uint8Array>(observer: MetricsTapOptions = {}) {
  const source = new HandFed<T>()
  const summaries: TapSummary[] = []
  const firsts: { firstItemMs: number }[] = []
  const tap = new MetricsTap<T>({
    onFirst: (first) => {
      firsts.push(first)
      observer.onFirst?.(first)
    },
    onEnd: (summary, gaps) => {
      summaries.push(summary)
      observer.onEnd?.(summary, gaps)
    },
  })
  const reading = allOf(source.readable.pipeThrough(tap)).catch((error: unknown) => error)
  return { source, summaries, firsts, reading }
}

describe('MetricsTap', () => {
  it('passes items of any kind on as they are', async () => {
    const items = [bytes('data: 1\n\n'), { data: '1' }, 'text', 0, null]
    const { source, reading } = tapped<unknown>()
    source.give(...items)
    source.close()
    const seen = (await reading) as unknown[]
    expect(seen).toHaveLength(items.length)
    for (const [index, item] of items.entries()) expect(seen[index]).toBe(item)
  })

  it('sums up bytes, items, events, times and gaps', async () => {
    const { source, summaries, firsts, reading } = tapped()
    await sleep(30)
    source.give(bytes(': hi\n\n'))
    await sleep(20)
    source.give(bytes('data: 1\n\ndata: 2\n\n'))
    await sleep(100)
    source.give(bytes('data: 3'))
    await sleep(5)
    source.give(bytes('\n\nevent: ping\n\n'))
    await sleep(45)
    source.close()
    await reading
    expect(firsts).toEqual([{ firstItemMs: 30 }])
    expect(summaries).toEqual([
      {
        verdict: 'complete',
        durationMs: 200,
        firstItemMs: 30,
        firstEventMs: 50,
        items: 4,
        bytes: 46,
        events: 3,
        gaps: { p50Ms: expect.closeTo(20, -1), p95Ms: expect.closeTo(100, -1), maxMs: 100 },
        pauses: { count: 0, totalMs: 0 },
      },
    ])
  })

  it('counts no bytes and no events where items are none', async () => {
    const { source, summaries, reading } = tapped<{ data: string }>()
    source.give({ data: 'x' })
    source.close()
    await reading
    expect(summaries[0]).toMatchObject({ items: 1, bytes: 0, events: 0 })
    expect(summaries[0]).not.toHaveProperty('firstEventMs')
  })

  it('leaves out what never was: first item, first event, gaps, reason', async () => {
    const { source, summaries, firsts, reading } = tapped()
    source.close()
    await reading
    expect(firsts).toEqual([])
    expect(Object.keys(summaries[0] ?? {}).sort()).toEqual([
      'bytes',
      'durationMs',
      'events',
      'items',
      'pauses',
      'verdict',
    ])
  })

  it('counts no events with countEvents: false', async () => {
    const summaries: TapSummary[] = []
    const source = new HandFed(bytes('data: 1\n\n'))
    source.close()
    const observer = { onEnd: (summary: TapSummary) => summaries.push(summary) }
    await allOf(source.readable.pipeThrough(new MetricsTap({ ...observer, countEvents: false })))
    expect(summaries[0]).toMatchObject({ bytes: 9, events: 0 })
  })

  it('is exact to 6 % in the shares of gaps, from microseconds to an hour', async () => {
    for (const gapMs of [0.004, 0.9, 7, 250, 3_600_000 / 2]) {
      const { source, summaries, reading } = tapped()
      for (let index = 0; index < 20; index++) {
        source.give(bytes('data: x\n\n'))
        await sleep(gapMs)
      }
      source.close()
      await reading
      const { p50Ms = 0, p95Ms = 0, maxMs = 0 } = summaries[0]?.gaps ?? {}
      for (const ms of [p50Ms, p95Ms]) {
        expect(ms / gapMs).toBeGreaterThan(0.93)
        expect(ms / gapMs).toBeLessThan(1.07)
      }
      expect(maxMs).toBeCloseTo(gapMs, 3)
    }
  })

  it('passes the distribution of gaps to onEnd', async () => {
    const seen: [number, number][] = []
    const { source, reading } = tapped({
      onEnd: (_, gaps) => {
        gaps.forEach((gapMs, count) => {
          seen.push([gapMs, count])
        })
      },
    })
    for (const waitMs of [10, 10, 500, 0]) {
      source.give(bytes('data: x\n\n'))
      await sleep(waitMs)
    }
    source.close()
    await reading
    expect(seen).toHaveLength(2)
    expect(seen.map(([, count]) => count)).toEqual([2, 1])
    expect(seen[0]?.[0]).toBeCloseTo(10, 0)
    expect(seen[1]?.[0]).toBeLessThanOrEqual(500)
  })

  it('counts how often and how long the source was paused, in a relay', async () => {
    const summaries: TapSummary[] = []
    const chunk = bytes('data: 1\n\n')
    const source = new HandFed(chunk, chunk, chunk)
    const reader = relay(source.readable, [MetricsTap.stage({ onEnd: (s) => summaries.push(s) })], {
      watermark: { highBytes: 1 },
    }).getReader()
    await sleep(100)
    await reader.read()
    await sleep(50)
    await reader.read()
    await reader.read()
    source.close()
    await reader.read()
    expect(summaries[0]?.pauses).toEqual({ count: 2, totalMs: 150 })
  })

  it('counts it in a chain too, where it waits for its reader', async () => {
    const summaries: TapSummary[] = []
    const source = new HandFed(bytes('data: 1\n\n'), bytes('data: 2\n\n'))
    const tap = new MetricsTap({ onEnd: (s) => summaries.push(s) })
    const reader = source.readable.pipeThrough(tap).getReader()
    await sleep(100)
    await reader.read()
    await sleep(50)
    await reader.read()
    source.close()
    await reader.read()
    expect(summaries[0]?.pauses).toEqual({ count: 2, totalMs: 150 })
  })

  it('counts a pause that only a cancel ended', async () => {
    const summaries: TapSummary[] = []
    const source = new HandFed(bytes('data: 1\n\n'))
    const body = relay(source.readable, [MetricsTap.stage({ onEnd: (s) => summaries.push(s) })], {
      watermark: { highBytes: 1 },
    })
    await sleep(100)
    await body.cancel('left')
    expect(summaries).toHaveLength(1)
    expect(summaries[0]).toMatchObject({
      verdict: 'cancelled',
      reason: 'left',
      pauses: { count: 1, totalMs: 100 },
    })
  })

  it.each([
    ['complete', ['data: 1\n\n']],
    ['complete', ['data: 1\n\n', ': bye\n\n']],
    ['complete', []],
    ['truncated', ['data: 1\n\n', 'data: 2\n']],
    ['truncated', ['data: 1\n\n: by']],
  ] as const)('says %s for the clean end of %o', async (verdict, chunks) => {
    const { source, summaries, reading } = tapped()
    source.give(...chunks.map((chunk) => bytes(chunk)))
    source.close()
    await reading
    expect(summaries[0]).toMatchObject({ verdict })
  })

  it('reports truncated only for an event stream in bytes', async () => {
    const json = new HandFed(bytes('{"a":1}'))
    const words = new HandFed('data: 1')
    const summaries: TapSummary[] = []
    const observer = { onEnd: (summary: TapSummary) => summaries.push(summary) }
    json.close()
    words.close()
    await allOf(json.readable.pipeThrough(new MetricsTap({ ...observer, countEvents: false })))
    await allOf(words.readable.pipeThrough(new MetricsTap<string>(observer)))
    expect(summaries.map(({ verdict }) => verdict)).toEqual(['complete', 'complete'])
  })

  it('reports error for an error of the source, with its reason', async () => {
    const failure = new Error('cut')
    const { source, summaries, reading } = tapped()
    source.give(bytes('data: 1\n\n'))
    await settled()
    source.fail(failure)
    expect(await reading).toBe(failure)
    expect(summaries).toHaveLength(1)
    expect(summaries[0]).toMatchObject({ verdict: 'error', reason: failure, events: 1 })
  })

  it('reports error for an error of a stage behind it, or before it', async () => {
    for (const isInFront of [true, false]) {
      const summaries: TapSummary[] = []
      const tap = MetricsTap.stage({ onEnd: (summary) => summaries.push(summary) })
      const splitter = FrameSplitter.stage({ maxEventBytes: 9 })
      const source = new HandFed(bytes('data: 1\n\n'), bytes('data: 20\n\n'))
      const body = relay(source.readable, isInFront ? [splitter, tap] : [tap, splitter])
      const error = await allOf(body).catch((thrown: unknown) => thrown)
      expect(error).toMatchObject({ code: 'SSE_LIMIT' })
      expect(summaries).toHaveLength(1)
      expect(summaries[0]).toMatchObject({ verdict: 'error', reason: error })
    }
  })

  it('is not affected by hooks that throw, and reports each once', async () => {
    const warnings = await warningsDuring(async () => {
      const { source, reading } = tapped({
        onFirst: () => {
          throw new Error('first')
        },
        onEnd: () => {
          throw new Error('end')
        },
      })
      source.give(bytes('data: 1\n\n'), bytes('data: 2\n\n'))
      source.close()
      expect(await reading).toHaveLength(2)
    })
    expect(warnings.map(({ cause }) => (cause as Error).message)).toEqual(['first', 'end'])
  })

  it('rounds its figures to microseconds', async () => {
    const distribution: number[] = []
    const { source, summaries, firsts, reading } = tapped({
      onEnd: (_, gaps) => {
        gaps.forEach((gapMs) => {
          distribution.push(gapMs)
        })
      },
    })
    for (const waitMs of [0.1234567, 1.7654321, 20.0000004]) {
      await sleep(waitMs)
      source.give(bytes('data: 1\n\n'))
    }
    await sleep(1.00049)
    source.close()
    await reading
    const [{ durationMs, firstItemMs, firstEventMs, gaps, pauses } = {} as TapSummary] = summaries
    const figures = [durationMs, firstItemMs, firstEventMs, ...Object.values(gaps ?? {})]
    expect(figures).toHaveLength(6)
    for (const figure of [...figures, pauses.totalMs, ...distribution, firsts[0]?.firstItemMs]) {
      expect(String(figure)).toMatch(/^\d+(\.\d{1,3})?$/)
    }
  })

  it('works without an observer', async () => {
    const source = new HandFed('a')
    source.close()
    expect(await allOf(source.readable.pipeThrough(new MetricsTap<string>()))).toEqual(['a'])
  })

  it('shows the figures so far', () => {
    const stage = MetricsTap.stage()
    stage.start({ emit: () => {}, error: () => {}, desiredSize: 1, queued: 0 })
    stage.push(bytes('data: 1\n\ndata'))
    stage.push(bytes(': 2\n\n'))
    expect([stage.items, stage.bytes, stage.events]).toEqual([2, 18, 2])
    stage.dispose('done')
  })
})
