import fc from 'fast-check'
import { MetricsTap, type TapSummary } from 'sse-stream-kit/streams'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { settled } from '../support/settled.ts'
import { EVERY_RELAY } from '../support/streams/every-relay.ts'
import { EVERY_TRANSFORM } from '../support/streams/every-transform.ts'
import { HandFed } from '../support/streams/hand-fed.ts'
import { type StageEnding, watchedStage } from '../support/streams/watched-stage.ts'
import { watchRejections } from '../support/watch-rejections.ts'

const REASON = new Error('the client left')
const FAILURE = new Error('the upstream broke')
/** What a tap calls what a stage is told. */
const VERDICTS = { done: 'complete', cancelled: 'cancelled', failed: 'error' } as const

watchRejections()
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
})
afterEach(() => {
  vi.useRealTimers()
})

const staged = EVERY_TRANSFORM.filter(({ stage }) => stage !== undefined)

const cases = EVERY_RELAY.flatMap(([relayName, relay]) =>
  staged.map((each) => ({ ...each, relayName, relay })),
)

describe.each(cases)('$relayName of $name', ({ relayName, relay, stage, items, results }) => {
  const [first, second] = items
  let endings: StageEnding[]
  let summaries: TapSummary[]
  beforeEach(() => {
    endings = []
    summaries = []
  })

  function start(source: HandFed<unknown>, highBytes = 65_536): ReadableStream<unknown> {
    const watched = watchedStage(stage?.() ?? MetricsTap.stage<unknown>(), endings)
    const tap = MetricsTap.stage<unknown>({ onEnd: (summary) => summaries.push(summary) })
    return relay(source.readable, [watched, tap], { watermark: { highBytes } })
  }

  function wasEnded(...ending: StageEnding): void {
    expect(vi.getTimerCount(), 'timers').toBe(0)
    expect(endings).toEqual([ending])
    expect(summaries).toHaveLength(1)
    expect(summaries[0]?.verdict).toBe(VERDICTS[ending[0]])
    expect(summaries[0]?.reason).toBe(ending[1])
  }

  it('closes behind all that the source gave', async () => {
    const source = new HandFed<unknown>(first, second)
    source.close()
    const reader = start(source).getReader()
    expect((await reader.read()).value).toEqual(results[0])
    expect(endings, 'before all is read').toEqual([])
    expect((await reader.read()).value).toEqual(results[1])
    expect((await reader.read()).done).toBe(true)
    wasEnded('done', undefined)
  })

  it.each([1, 65_536])(
    'cancels the source at once, before the first read (high mark %i)',
    async (high) => {
      const source = new HandFed<unknown>()
      await start(source, high).cancel(REASON)
      expect(source.cancels).toEqual([REASON])
      wasEnded('cancelled', REASON)
    },
  )

  it.each([1, 65_536])('cancels it while a read of it is pending (high mark %i)', async (high) => {
    const source = new HandFed<unknown>(first)
    const reader = start(source, high).getReader()
    await reader.read()
    const reading = reader.read()
    await settled()
    await reader.cancel(REASON)
    expect(source.cancels).toEqual([REASON])
    expect(await reading).toEqual({ done: true, value: undefined })
    wasEnded('cancelled', REASON)
  })

  it('cancels it while it is paused', async () => {
    const source = new HandFed<unknown>(first, second, first, second)
    const body = start(source, 1)
    await settled()
    await body.cancel(REASON)
    expect(source.cancels).toEqual([REASON])
    wasEnded('cancelled', REASON)
  })

  it('cancels it once, however often it is cancelled', async () => {
    const source = new HandFed<unknown>(first, second)
    const reader = start(source).getReader()
    await Promise.all([reader.cancel(REASON), reader.cancel(FAILURE)])
    await reader.cancel(FAILURE)
    expect(source.cancels).toEqual([REASON])
    wasEnded('cancelled', REASON)
  })

  it('delivers what was whole before an error of the source, and then the same error', async () => {
    const source = new HandFed<unknown>()
    const reader = start(source).getReader()
    source.give(first)
    await settled()
    source.give(second)
    await settled()
    source.fail(FAILURE)
    await settled()
    wasEnded('failed', FAILURE)
    expect((await reader.read()).value).toEqual(results[0])
    expect((await reader.read()).value).toEqual(results[1])
    await expect(reader.read()).rejects.toBe(FAILURE)
    wasEnded('failed', FAILURE)
  })

  it('fails at once when the source fails before its first item', async () => {
    const source = new HandFed<unknown>()
    source.fail(FAILURE)
    await expect(start(source).getReader().read()).rejects.toBe(FAILURE)
    wasEnded('failed', FAILURE)
  })

  it('takes a cancel after an error of the source, with items still held, as the end of it', async () => {
    const source = new HandFed<unknown>()
    const body = start(source)
    source.give(first)
    await settled()
    source.fail(FAILURE)
    await settled()
    await expect(body.cancel(REASON)).resolves.toBeUndefined()
    wasEnded('failed', FAILURE)
  })

  it('takes a cancel after the end of the source, with items still held, as a cancel', async () => {
    const source = new HandFed<unknown>(first)
    source.close()
    const body = start(source)
    await settled()
    await body.cancel(REASON)
    wasEnded('cancelled', REASON)
  })

  it('passes on a source whose cancel fails', async () => {
    const source = new ReadableStream<unknown>({
      cancel() {
        throw FAILURE
      },
    })
    const body = relay(source, [watchedStage(stage?.() ?? MetricsTap.stage<unknown>(), endings)])
    await expect(body.cancel(REASON)).rejects.toBe(FAILURE)
    expect(endings).toEqual([['cancelled', REASON]])
    expect(vi.getTimerCount()).toBe(0)
  })

  it('ends once, and leaves neither a timer nor a rejection, in whatever order its two ends act', async () => {
    const action = fc.constantFrom('give', 'close', 'fail', 'read', 'cancel', 'tick', 'settle')
    await fc.assert(
      fc.asyncProperty(
        fc.array(action, { maxLength: 12 }),
        fc.boolean(),
        async (actions, isTight) => {
          endings = []
          summaries = []
          const source = new HandFed<unknown>()
          const reader = start(source, isTight ? 1 : undefined).getReader()
          let isOpen = true
          let isReading = false
          const left: Promise<unknown>[] = []
          const handle = (promise: Promise<unknown>) => left.push(promise.catch(() => {}))
          handle(reader.closed)
          for (const name of [...actions, 'cancel']) {
            if (name === 'read') {
              // A reader of this package has one read at a time.
              if (relayName === 'relaySource' && isReading) continue
              isReading = true
              const read = reader.read()
              handle(
                read.finally(() => {
                  isReading = false
                }),
              )
            } else if (name === 'cancel') handle(reader.cancel(REASON))
            else if (name === 'tick') vi.advanceTimersByTime(15_000)
            else if (name === 'settle') await settled()
            else if (isOpen && source.cancels.length === 0) {
              if (name === 'give') source.give(first)
              else if (name === 'close') source.close()
              else source.fail(FAILURE)
              isOpen = name === 'give'
            }
          }
          await Promise.all(left)
          await settled()
          wasEnded(...(endings[0] ?? ['done', 'nothing ended it']))
          expect(source.cancels.length).toBeLessThanOrEqual(1)
        },
      ),
      { numRuns: 60 },
    )
  })
})
