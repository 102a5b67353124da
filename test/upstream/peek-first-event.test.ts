import { describe, expect, it, vi } from 'vitest'
import { Aborter } from '../../src/base/aborter.ts'
import { FLOW } from '../../src/base/byte-source.ts'
import { PushedBody } from '../../src/transport/pushed-body.ts'
import { peekFirstEvent } from '../../src/upstream/peek-first-event.ts'
import { PhaseLimit } from '../../src/upstream/phase-limit.ts'
import { bytes } from '../support/sse/bytes.ts'
import { watchRejections } from '../support/watch-rejections.ts'
import { watchTimers } from '../support/watch-timers.ts'

watchTimers()
watchRejections()

function peek({ isSse = true, maxBytes = 1_000, firstEventMs = 1_000 } = {}) {
  const abort = vi.fn()
  const body = new PushedBody({ abort, resume: () => {} })
  const aborter = new Aborter()
  const limit = new PhaseLimit('first_event', firstEventMs, performance.now(), {
    requestedAt: 0,
    totalMs: Infinity,
  })
  const hasPeeked = vi.fn()
  const peeked = peekFirstEvent(body, { isSse, maxBytes }, aborter, limit)
  peeked.then(hasPeeked, () => {})
  const push = async (text: string): Promise<void> => {
    body.push(bytes(text))
    await vi.advanceTimersByTimeAsync(0)
  }
  return { body, aborter, peeked, hasPeeked, push, abort }
}

describe('peekFirstEvent', () => {
  it('waits until the first event is complete, and gives everything from the beginning', async () => {
    const { push, hasPeeked, peeked, body } = peek()
    for (const part of [': hi\n\n', 'da', 'ta: 1\n']) {
      await push(part)
      expect(hasPeeked).not.toHaveBeenCalled()
    }
    await push('\ndata: 2')
    expect(hasPeeked).toHaveBeenCalledTimes(1)
    body.end()
    const reader = (await peeked).getReader()
    let text = ''
    for (let read = await reader.read(); !read.done; read = await reader.read()) {
      text += new TextDecoder().decode(read.value)
    }
    expect(text).toBe(': hi\n\ndata: 1\n\ndata: 2')
  })

  it('starts flowing mode only once the beginning has been read', async () => {
    const { push, peeked, body } = peek()
    await push('data: 1\n\n')
    const source = await peeked
    const sink = vi.fn()
    expect(source[FLOW]?.(sink)).toBe(false)
    await source.getReader().read()
    expect(source[FLOW]?.(sink)).toBe(true)
    body.push(bytes('data: 2\n\n'))
    expect(sink).toHaveBeenCalledWith(bytes('data: 2\n\n'))
  })

  it('waits for the first byte of a body that is not an event stream, and allows none', async () => {
    const json = peek({ isSse: false })
    await json.push('{')
    expect(json.hasPeeked).toHaveBeenCalled()
    const empty = peek({ isSse: false })
    empty.body.end()
    expect((await (await empty.peeked).getReader().read()).done).toBe(true)
  })

  it('gives up peeking past maxBytes', async () => {
    const { push, hasPeeked } = peek({ maxBytes: 10 })
    await push('data: 5678')
    expect(hasPeeked).not.toHaveBeenCalled()
    await push('9')
    expect(hasPeeked).toHaveBeenCalled()
  })

  it.each(['', ': hi\n\n', 'data: ha'])('fails at the end of a stream of %j', async (text) => {
    const { push, peeked, body } = peek()
    await push(text)
    body.end()
    await expect(peeked).rejects.toMatchObject({ code: 'SSE_UPSTREAM_NETWORK' })
  })

  it('fails with the error of the body', async () => {
    const { peeked, body } = peek()
    const broken = new Error('broken')
    body.fail(broken)
    await expect(peeked).rejects.toBe(broken)
  })

  it('aborts the attempt when its limit is due, and ends the read of a body that ignores that', async () => {
    const { peeked, aborter, abort } = peek({ firstEventMs: 500 })
    peeked.catch(() => {})
    await vi.advanceTimersByTimeAsync(500)
    await expect(peeked).rejects.toMatchObject({ phase: 'first_event', timeoutMs: 500 })
    expect(aborter.reason).toMatchObject({ phase: 'first_event' })
    expect(abort).toHaveBeenCalledTimes(1)
  })

  it('fails with the reason of an abort', async () => {
    const { peeked, aborter } = peek()
    const gone = new Error('gone')
    aborter.abort(gone)
    await expect(peeked).rejects.toBe(gone)
  })

  it('leaves no listener and no timer', async () => {
    const { push, peeked, aborter } = peek()
    const removed = vi.spyOn(aborter, 'unlisten')
    await push('data: 1\n\n')
    await peeked
    expect(removed).toHaveBeenCalledTimes(1)
  })
})
