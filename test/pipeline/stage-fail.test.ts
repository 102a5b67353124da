import { EventMap, MetricsTap, relay, type Stage, StageStream } from 'sse-stream-kit/streams'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { settled } from '../support/settled.ts'
import { HandFed } from '../support/streams/hand-fed.ts'
import { warningsDuring } from '../support/warnings-during.ts'
import { watchRejections } from '../support/watch-rejections.ts'

watchRejections()

/** A stage that passes items on, and has a last word on errors. */
function speaking(lastWord: (reason: unknown) => string): Stage<string, string> {
  const inner: Stage<string, string> = EventMap.stage((item) => item)
  let say = (_: string): void => {}
  return {
    start: (output) => {
      say = (item) => output.emit(item)
      inner.start(output)
    },
    push: (item) => inner.push(item),
    fail: (reason) => say(lastWord(reason)),
  }
}

describe.each([
  {
    name: 'relay',
    run: (source: ReadableStream<string>, stages: Stage<string, string>[]) => relay(source, stages),
  },
  {
    name: 'a chain of streams',
    run: (source: ReadableStream<string>, stages: Stage<string, string>[]) =>
      stages.reduce((readable, stage) => readable.pipeThrough(new StageStream(stage)), source),
  },
])('the fail method of a stage, in $name', ({ run }) => {
  it('may emit before the error, through the stages behind it', async () => {
    const failure = new Error('cut')
    const source = new HandFed<string>()
    const shouting: Stage<string, string> = EventMap.stage((item) => item.toUpperCase())
    const stages = [speaking((reason) => `said ${String(reason)}`), shouting]
    const reader = run(source.readable, stages).getReader()
    const reading = reader.read()
    source.give('a')
    expect((await reading).value).toBe('A')
    const last = reader.read()
    await settled()
    source.fail(failure)
    expect((await last).value).toBe('SAID ERROR: CUT')
    await expect(reader.read()).rejects.toBe(failure)
  })

  it('is not called at a clean end, nor at a cancel', async () => {
    const asked: unknown[] = []
    const stage = () => speaking((reason) => String(asked.push(reason)))
    const ended = new HandFed('a')
    ended.close()
    const reader = run(ended.readable, [stage()]).getReader()
    expect((await reader.read()).value).toBe('a')
    expect((await reader.read()).done).toBe(true)
    await run(new HandFed('a').readable, [stage()]).cancel('left')
    await settled()
    expect(asked).toEqual([])
  })

  it('may throw: the error stays the same, also in the summary', async () => {
    const failure = new Error('cut')
    const outcomes: unknown[] = []
    const warnings = await warningsDuring(async () => {
      const source = new HandFed<string>()
      const throwing = speaking(() => {
        throw new Error('no words')
      })
      const tap = MetricsTap.stage<string>({ onEnd: ({ reason }) => outcomes.push(reason) })
      const reader = run(source.readable, [throwing, tap]).getReader()
      const reading = reader.read().catch((error: unknown) => error)
      await settled()
      source.fail(failure)
      expect(await reading).toBe(failure)
    })
    expect(outcomes).toEqual([failure])
    expect(warnings.length).toBeLessThanOrEqual(1)
  })
})

describe.each([
  {
    name: 'a relay',
    run: (source: ReadableStream<string>) => relay(source, [EventMap.stage((item) => item)]),
  },
  {
    name: 'a chain of streams',
    run: (source: ReadableStream<string>) =>
      source
        .pipeThrough(new StageStream(EventMap.stage((item: string) => item)))
        .pipeThrough(new StageStream(EventMap.stage((item: string) => item))),
  },
])('the error of $name', ({ run }) => {
  const failure = new Error('cut')

  afterEach(() => {
    vi.useRealTimers()
    vi.unstubAllGlobals()
  })

  /** Reads to the end as a server does: Node sends what it writes once all callbacks have run. */
  const serve = async (
    readable: ReadableStream<string>,
    onItem: (item: string | undefined) => void,
  ): Promise<string[]> => {
    const reader = readable.getReader()
    const log: string[] = []
    try {
      for (;;) {
        const { value } = await reader.read()
        process.nextTick(() => log.push(`sent ${value}`))
        onItem(value)
      }
    } catch (error) {
      return [...log, String(error)]
    }
  }

  it.each([
    ['real timers', () => {}],
    ['fake timers that stand still', () => void vi.useFakeTimers()],
    ['no MessageChannel', () => vi.stubGlobal('MessageChannel', undefined)],
  ])('comes a turn of the event loop after the last item, with %s', async (_, set) => {
    set()
    const source = new HandFed('a', 'b', 'c')
    const served = await serve(run(source.readable), (item) => {
      if (item === 'c') source.fail(failure)
    })
    expect(served).toEqual(['sent a', 'sent b', 'sent c', 'Error: cut'])
  })

  it('does not come after a cancel in that turn', async () => {
    const source = new HandFed('a')
    const readable = run(source.readable)
    const reader = readable.getReader()
    expect((await reader.read()).value).toBe('a')
    const last = reader.read()
    // What a chain passes on takes some microtasks; none of them is a turn.
    source.fail(failure)
    for (let turn = 0; turn < 50; turn++) await Promise.resolve()
    await reader.cancel('left')
    expect(await last).toEqual({ done: true, value: undefined })
    await settled()
    expect(await reader.closed).toBeUndefined()
  })
})
