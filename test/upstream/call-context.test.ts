import { describe, expect, it, vi } from 'vitest'
import { CallContext } from '../../src/upstream/call-context.ts'
import { watchRejections } from '../support/watch-rejections.ts'
import { watchTimers } from '../support/watch-timers.ts'

watchTimers()
watchRejections()

const GONE = new Error('gone')

describe('CallContext', () => {
  it('aborts the latest attempt only', () => {
    const context = new CallContext()
    const [first, second] = [context.newAttempt(), context.newAttempt()]
    context.abort(GONE)
    expect(first.aborted).toBe(false)
    expect(second.reason).toBe(GONE)
    expect(context.aborted).toEqual({ reason: GONE })
  })

  it('keeps the first reason, also for attempts that start later', () => {
    const context = new CallContext()
    context.abort(GONE)
    context.abort(new Error('later'))
    expect(context.newAttempt().reason).toBe(GONE)
  })

  it('waits for as long as it says', async () => {
    const waited = vi.fn()
    const wait = new CallContext().wait(1_000).then(waited)
    await vi.advanceTimersByTimeAsync(999)
    expect(waited).not.toHaveBeenCalled()
    await vi.advanceTimersByTimeAsync(1)
    await wait
  })

  it.each(['before', 'during'])('ends a wait at once when it was aborted %s it', async (when) => {
    const context = new CallContext()
    if (when === 'before') context.abort(GONE)
    const wait = context.wait(1_000)
    if (when === 'during') context.abort(GONE)
    await expect(wait).rejects.toBe(GONE)
  })

  it('waits for work, its error, its limit or an abort, whichever comes first', async () => {
    const onLimit = () => new Error('limit')
    const never = new Promise<void>(() => {})
    const context = new CallContext()
    await expect(context.waitFor(Promise.resolve('done'), 1_000, onLimit)).resolves.toBe('done')
    await expect(context.waitFor(Promise.reject(GONE), 1_000, onLimit)).rejects.toBe(GONE)
    const limited = context.waitFor(never, 1_000, onLimit)
    limited.catch(() => {})
    await vi.advanceTimersByTimeAsync(1_000)
    await expect(limited).rejects.toThrow('limit')
    const aborted = context.waitFor(never, 1_000, onLimit)
    context.abort(GONE)
    await expect(aborted).rejects.toBe(GONE)
  })

  it('handles the error of work that fails after the wait has ended', async () => {
    let fail = (_: Error): void => {}
    const work = new Promise<void>((_, reject) => {
      fail = reject
    })
    const context = new CallContext()
    const wait = context.waitFor(work, Infinity, () => GONE)
    context.abort(GONE)
    await expect(wait).rejects.toBe(GONE)
    fail(new Error('too late'))
  })
})
