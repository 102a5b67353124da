import { describe, expect, it, vi } from 'vitest'
import { Aborter } from '../../src/base/aborter.ts'

const GONE = new Error('gone')

describe('Aborter', () => {
  it('calls its listeners once, and keeps the first reason', () => {
    const aborter = new Aborter()
    const [listener, removed] = [vi.fn(), vi.fn()]
    aborter.listen(listener)
    aborter.listen(removed)
    aborter.unlisten(removed)
    expect(() => aborter.throwIfAborted()).not.toThrow()
    expect([aborter.aborted, aborter.reason]).toEqual([false, undefined])
    aborter.abort(GONE)
    aborter.abort(new Error('later'))
    expect(listener).toHaveBeenCalledOnce()
    expect(removed).not.toHaveBeenCalled()
    expect([aborter.aborted, aborter.reason]).toEqual([true, GONE])
    expect(() => aborter.throwIfAborted()).toThrow(GONE)
  })

  it('does not call a listener that an earlier one removes', () => {
    const aborter = new Aborter()
    const second = vi.fn()
    aborter.listen(() => aborter.unlisten(second))
    aborter.listen(second)
    aborter.abort()
    expect(second).not.toHaveBeenCalled()
  })

  it('has an AbortError where it was given no reason', () => {
    const aborter = new Aborter()
    aborter.abort()
    expect(aborter.reason).toMatchObject({ name: 'AbortError' })
    expect(aborter.reason).toBe(aborter.reason)
  })

  it.each(['before', 'after'])('aborts its signal, made %s the abort', (when) => {
    const aborter = new Aborter()
    if (when === 'before') expect(aborter.signal.aborted).toBe(false)
    aborter.abort(GONE)
    expect(aborter.signal.reason).toBe(GONE)
    expect(aborter.signal).toBe(aborter.signal)
  })
})
