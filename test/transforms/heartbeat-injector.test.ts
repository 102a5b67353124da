import { EventMap, HeartbeatInjector, relay } from 'sse-stream-kit/streams'
import { describe, expect, it, vi } from 'vitest'
import { refusal } from '../support/refusal.ts'
import { settled } from '../support/settled.ts'
import { bytes } from '../support/sse/bytes.ts'
import { referenceDecode } from '../support/sse/reference-decoder.ts'
import { HandFed } from '../support/streams/hand-fed.ts'
import { watchRejections } from '../support/watch-rejections.ts'
import { watchTimers } from '../support/watch-timers.ts'
import { eagerReader } from './eager-reader.ts'

const HEARTBEAT = ': keepalive\n\n'
const INTERVAL_MS = 15_000

watchRejections()
watchTimers()

describe('HeartbeatInjector', () => {
  it('speaks after the interval without a byte, and again after each further one', async () => {
    const stream = eagerReader()
    await stream.wait(INTERVAL_MS - 1)
    expect(stream.text()).toBe('')
    await stream.wait(1)
    expect(stream.text()).toBe(HEARTBEAT)
    await stream.wait(INTERVAL_MS * 3)
    expect(stream.text()).toBe(HEARTBEAT.repeat(4))
    await stream.end()
  })

  it('counts the interval from the last byte that went out', async () => {
    const stream = eagerReader({ intervalMs: 100 })
    await stream.wait(60)
    await stream.give('data: 1\n\n')
    await stream.wait(99)
    expect(stream.text()).toBe('data: 1\n\n')
    await stream.wait(1)
    expect(stream.text()).toBe(`data: 1\n\n${HEARTBEAT}`)
    await stream.wait(50)
    await stream.give('data: 2\n\n')
    await stream.wait(99)
    expect(stream.text()).toBe(`data: 1\n\n${HEARTBEAT}data: 2\n\n`)
    await stream.wait(1)
    expect(stream.text()).toBe(`data: 1\n\n${HEARTBEAT}data: 2\n\n${HEARTBEAT}`)
    await stream.end()
  })

  it('takes an empty chunk for no byte', async () => {
    const stream = eagerReader({ intervalMs: 100 })
    await stream.wait(60)
    await stream.give('')
    await stream.wait(40)
    expect(stream.text()).toBe(HEARTBEAT)
    await stream.end()
  })

  it('emits none while bytes keep coming', async () => {
    const stream = eagerReader({ intervalMs: 100 })
    for (let index = 0; index < 20; index++) {
      await stream.give('data: x\n\n')
      await stream.wait(99)
    }
    expect(stream.text()).toBe('data: x\n\n'.repeat(20))
    await stream.end()
  })

  it.each([
    ['in the middle of a line', 'data: 1'],
    ['between the lines of an event', 'data: 1\n'],
    ['behind a line that a CRLF ended', 'data: 1\r\n'],
    ['behind a CR that may be the half of a CRLF', 'data: 1\r'],
    ['behind a CR that ended an event, as an LF may belong to it', 'data: 1\r\r'],
    ['behind the CR of a blank line', 'data: 1\r\n\r'],
    ['behind a CR at the start of the stream', '\r'],
    ['behind a comment line', ': x\n'],
    ['behind a part of a byte order mark', bytes(0xef, 0xbb)],
  ])('says nothing %s', async (_, head) => {
    const stream = eagerReader()
    await stream.give(head)
    await stream.wait(INTERVAL_MS * 3)
    expect(bytes(...stream.chunks)).toEqual(bytes(head))
    await stream.end()
  })

  it.each([
    ['behind an event', 'data: 1\n\n'],
    ['behind an event that CRLF ended', 'data: 1\r\n\r\n'],
    ['behind blank lines', 'data: 1\n\n\n'],
    ['behind a comment block', ': x\n\n'],
    ['behind a byte order mark', bytes(0xef, 0xbb, 0xbf)],
  ])('speaks %s', async (_, head) => {
    const stream = eagerReader()
    await stream.give(head)
    await stream.wait(INTERVAL_MS)
    expect(bytes(...stream.chunks)).toEqual(bytes(head, HEARTBEAT))
    await stream.end()
  })

  it('speaks once the LF behind the CR has come', async () => {
    const stream = eagerReader()
    await stream.give('data: 1\r\n\r')
    await stream.wait(INTERVAL_MS)
    expect(stream.text()).toBe('data: 1\r\n\r')
    await stream.give('\n')
    await stream.wait(INTERVAL_MS)
    expect(stream.text()).toBe(`data: 1\r\n\r\n${HEARTBEAT}`)
    await stream.end()
  })

  it('emits none while the stream is not read, for an hour', async () => {
    const source = new HandFed()
    const readable = source.readable.pipeThrough(new HeartbeatInjector())
    await settled()
    await vi.advanceTimersByTimeAsync(3_600_000)
    const reader = readable.getReader()
    const reading = reader.read()
    source.give(bytes('data: 1\n\n'))
    expect((await reading).value).toEqual(bytes('data: 1\n\n'))
    await reader.cancel()
  })

  it('emits none while a reader that has read before does not read, for an hour', async () => {
    const source = new HandFed(bytes('data: 1\n\n'))
    const reader = source.readable.pipeThrough(new HeartbeatInjector()).getReader()
    await reader.read()
    await vi.advanceTimersByTimeAsync(3_600_000)
    source.give(bytes('data: 2\n\n'))
    await settled()
    expect((await reader.read()).value).toEqual(bytes('data: 2\n\n'))
    await reader.cancel()
  })

  it('has no timer once the source is done, though its reader is not', async () => {
    const source = new HandFed(bytes('data: 1\n\n'))
    source.close()
    const body = relay(source.readable, [HeartbeatInjector.stage()])
    await settled()
    expect(vi.getTimerCount()).toBe(0)
    await body.cancel()
  })

  it('queues at most one in a relay that is not read, for an hour', async () => {
    const source = new HandFed()
    const stage = HeartbeatInjector.stage()
    const reader = relay(source.readable, [stage]).getReader()
    await vi.advanceTimersByTimeAsync(3_600_000)
    expect(stage.heartbeats).toBe(1)
    expect((await reader.read()).value).toEqual(bytes(HEARTBEAT))
    await vi.advanceTimersByTimeAsync(INTERVAL_MS)
    expect(stage.heartbeats).toBe(2)
    expect(stage.heartbeatBytes).toBe(2 * HEARTBEAT.length)
    await reader.cancel()
  })

  it('emits none while an event is queued', async () => {
    const source = new HandFed(bytes('data: 1\n\n'))
    const stage = HeartbeatInjector.stage()
    const reader = relay(source.readable, [stage]).getReader()
    await vi.advanceTimersByTimeAsync(3_600_000)
    expect(stage.heartbeats).toBe(0)
    await reader.read()
    await vi.advanceTimersByTimeAsync(INTERVAL_MS)
    expect(stage.heartbeats).toBe(1)
    await reader.cancel()
  })

  it('emits a copy of the frame each time', async () => {
    const stream = eagerReader()
    await stream.wait(INTERVAL_MS * 2)
    stream.chunks[0]?.fill(0)
    await stream.wait(INTERVAL_MS)
    expect(stream.chunks.at(-1)).toEqual(bytes(HEARTBEAT))
    expect(stream.chunks[1]?.buffer).not.toBe(stream.chunks[2]?.buffer)
    await stream.end()
  })

  it('ends the stream with the error of a stage behind it that refuses a heartbeat', async () => {
    const failure = new Error('no comments')
    const refusing = EventMap.stage((_: Uint8Array): Uint8Array => {
      throw failure
    })
    const source = new HandFed()
    const reader = relay(source.readable, [HeartbeatInjector.stage(), refusing]).getReader()
    const reading = reader.read().catch((error: unknown) => error)
    await vi.advanceTimersByTimeAsync(INTERVAL_MS)
    expect(await reading).toBe(failure)
    expect(source.cancels).toEqual([failure])
  })

  describe('with a frame of one comment line', () => {
    const LINE = ': hi\n'

    it.each(['\n', '\r\n'])('emits between events whose lines end with %j', async (end) => {
      const event = `data: 1${end}${end}`
      const stream = eagerReader({ frame: LINE })
      await stream.wait(INTERVAL_MS * 2)
      await stream.give(event)
      await stream.wait(INTERVAL_MS * 3)
      await stream.give(event)
      expect(stream.text()).toBe(LINE.repeat(2) + event + LINE.repeat(3) + event)
      await stream.end()
    })

    it.each([
      ['inside a line', 'data: 1'],
      ['behind a line', 'data: 1\n'],
      ['behind a CR that may be the half of a CRLF', 'data: 1\r\n\r'],
      ['behind a comment line of the source', ': x\n'],
    ])('says nothing %s', async (_, head) => {
      const stream = eagerReader({ frame: LINE })
      await stream.wait(INTERVAL_MS)
      await stream.give(head)
      await stream.wait(INTERVAL_MS * 2)
      expect(stream.text()).toBe(LINE + head)
      await stream.end()
    })

    it('emits behind a blank line of the source', async () => {
      const stream = eagerReader({ frame: LINE })
      await stream.wait(INTERVAL_MS)
      await stream.give('\n')
      await stream.wait(INTERVAL_MS)
      expect(stream.text()).toBe(`${LINE}\n${LINE}`)
      await stream.end()
    })

    it('drops one byte order mark behind it, and takes a second one for text', async () => {
      const stream = eagerReader({ frame: LINE })
      await stream.wait(INTERVAL_MS * 2)
      await stream.give('\ufeff\ufeff')
      await stream.wait(INTERVAL_MS)
      await stream.give('data: 1\n\n')
      await stream.wait(INTERVAL_MS)
      expect(stream.text()).toBe(`${LINE.repeat(2)}\ufeffdata: 1\n\n${LINE}`)
      await stream.end()
    })
  })

  it.each([
    [': hi\n\n'],
    [':\n\n'],
    [': hi\n'],
    [':\r\n'],
    ['\n'],
    ['\n\n'],
    ['\r\n'],
    [': a\r\n: b\r\n\r\n'],
    [':a\n\n:b\n\n'],
    [': \u00e9\n\n'],
  ])('takes the frame %j', async (frame) => {
    const stream = eagerReader({ frame })
    await stream.give('data: 1\n\n')
    await stream.wait(INTERVAL_MS)
    await stream.give('data: 2\n\n')
    expect(stream.text()).toBe(`data: 1\n\n${frame}data: 2\n\n`)
    expect(
      referenceDecode(bytes(...stream.chunks)).filter(({ is }) => is === 'event'),
    ).toHaveLength(2)
    await stream.end()
  })

  it.each([
    [''],
    [': hi'],
    [': hi\r'],
    ['hi\n'],
    [': a\n: b\n'],
    ['\n: a\n'],
    ['hi\n\n'],
    ['data: hi\n\n'],
    [': hi\ndata: x\n\n'],
    [': hi\n\ndata: x\n\n'],
    [': hi\rdata: x\n\n'],
    [': hi\r\r'],
    ['\r'],
    [' \n\n'],
    ['\ufeff: hi\n\n'],
    [': hi\n\n:'],
    [null as never],
    [5 as never],
  ])('refuses the frame %j', (frame) => {
    expect(() => new HeartbeatInjector({ frame })).toThrow(refusal(TypeError, 'frame'))
    expect(() => new HeartbeatInjector({ frame })).toThrow(JSON.stringify(frame))
  })

  it.each([0, -1, 0.5, Number.NaN, -Infinity, '1' as never])(
    'refuses the interval %s',
    (intervalMs) => {
      expect(() => new HeartbeatInjector({ intervalMs })).toThrow(refusal(RangeError, 'intervalMs'))
    },
  )

  it('never speaks with an interval of Infinity, and sets no timer', async () => {
    const stream = eagerReader({ intervalMs: Infinity })
    await stream.wait(3_600_000)
    expect(vi.getTimerCount()).toBe(0)
    expect(stream.chunks).toEqual([])
    await stream.end()
  })

  it('waits its time with an interval that is longer than a timer can be', async () => {
    const setTimeout = vi.spyOn(globalThis, 'setTimeout')
    const stream = eagerReader({ intervalMs: 2 ** 31 + 1000 })
    await stream.wait(2 ** 31 + 999)
    expect(stream.chunks).toEqual([])
    await stream.wait(1)
    expect(stream.text()).toBe(HEARTBEAT)
    // Node turns a longer one into 1 ms, and the stream would be woken a thousand times a second.
    for (const [, delayMs] of setTimeout.mock.calls) expect(delayMs).toBeLessThan(2 ** 31)
    setTimeout.mockRestore()
    await stream.end()
  })

  it('takes undefined for the defaults', async () => {
    const stream = eagerReader({ intervalMs: undefined, frame: undefined })
    await stream.wait(INTERVAL_MS)
    expect(stream.text()).toBe(HEARTBEAT)
    await stream.end()
  })
})
