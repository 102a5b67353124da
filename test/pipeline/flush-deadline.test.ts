import { MetricsTap, type relay, type TapSummary } from 'sse-stream-kit/streams'
import { describe, expect, it, vi } from 'vitest'
import { settled } from '../support/settled.ts'
import { EVERY_RELAY } from '../support/streams/every-relay.ts'
import { HandFed } from '../support/streams/hand-fed.ts'
import { watchRejections } from '../support/watch-rejections.ts'
import { watchTimers } from '../support/watch-timers.ts'

const FAILURE = new Error('the upstream broke')

watchRejections()
watchTimers()

/** A relay that has failed with two items still to be read. */
async function failedRelay(start: typeof relay, flushMsFor?: (reason: unknown) => number) {
  const summaries: TapSummary[] = []
  const source = new HandFed('a', 'b')
  const stages = [MetricsTap.stage<string>({ onEnd: (summary) => summaries.push(summary) })]
  const reader = start(source.readable, stages, { flushMsFor }).getReader()
  reader.closed.catch(() => {})
  await settled()
  source.fail(FAILURE)
  await settled()
  expect(summaries.map(({ verdict }) => verdict)).toEqual(['error'])
  return { reader, summaries }
}

describe.each(EVERY_RELAY)('a %s that failed and is not read', (_, start) => {
  const failed = (flushMsFor?: (reason: unknown) => number) => failedRelay(start, flushMsFor)

  it('keeps what was whole without a limit by default', async () => {
    const { reader } = await failed()
    expect(vi.getTimerCount()).toBe(0)
    vi.advanceTimersByTime(3_600_000)
    expect((await reader.read()).value).toBe('a')
    expect((await reader.read()).value).toBe('b')
    await expect(reader.read()).rejects.toBe(FAILURE)
  })

  it('keeps it for flushMsFor, and has no timer once it has been read', async () => {
    const { reader } = await failed((reason) => (reason === FAILURE ? 1000 : 0))
    vi.advanceTimersByTime(999)
    expect((await reader.read()).value).toBe('a')
    expect((await reader.read()).value).toBe('b')
    await expect(reader.read()).rejects.toBe(FAILURE)
  })

  it('drops it after flushMsFor, and errors', async () => {
    const { reader } = await failed(() => 1000)
    vi.advanceTimersByTime(1000)
    await expect(reader.read()).rejects.toBe(FAILURE)
  })

  it('drops it at once with 0', async () => {
    const { reader } = await failed(() => 0)
    await expect(reader.read()).rejects.toBe(FAILURE)
  })

  it('has no timer after a cancel', async () => {
    const { reader, summaries } = await failed(() => 1000)
    await reader.cancel('left')
    expect(vi.getTimerCount()).toBe(0)
    expect(summaries).toHaveLength(1)
  })

  it('does not wake before its time where that is longer than a timer can be', async () => {
    const { reader } = await failed(() => 2 ** 31 + 1000)
    vi.advanceTimersByTime(1000)
    expect((await reader.read()).value).toBe('a')
    await reader.cancel()
  })
})
