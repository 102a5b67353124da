import { EventMap, relay, SseDecoder, type Stage, StageStream } from 'sse-stream-kit/streams'
import { describe, expect, it } from 'vitest'
import { settled } from '../support/settled.ts'
import { bytes } from '../support/sse/bytes.ts'
import { HandFed } from '../support/streams/hand-fed.ts'
import { watchRejections } from '../support/watch-rejections.ts'

watchRejections()

/** A function that answers each item when, and as, the test says. */
function answeredLater<T>() {
  const waiting = new Map<T, { resolve(result: T): void; reject(reason: unknown): void }>()
  return {
    mapper: (item: T) =>
      new Promise<T>((resolve, reject) => {
        waiting.set(item, { resolve, reject })
      }),
    asked: () => [...waiting.keys()],
    resolve: (item: T) => waiting.get(item)?.resolve(item),
    reject: (item: T, reason: unknown) => waiting.get(item)?.reject(reason),
  }
}

/** A stage of which each item becomes several, as a chunk becomes events. */
const letters = (): Stage<string, string> => EventMap.stage((text) => [...text])

/** Reads until the end, and gives what came, and the error. */
async function outcomeOf<T>(readable: ReadableStream<T>): Promise<{ items: T[]; error?: unknown }> {
  const items: T[] = []
  try {
    for await (const item of readable) items.push(item)
    return { items }
  } catch (error) {
    return { items, error }
  }
}

describe.each([
  {
    name: 'relay',
    run: <T>(source: ReadableStream<T>, stages: Stage<T, T>[]) => relay(source, stages),
  },
  {
    name: 'a relay of one item at a time',
    run: <T>(source: ReadableStream<T>, stages: Stage<T, T>[]) =>
      relay(source, stages, { watermark: { highBytes: 1 } }),
  },
  {
    name: 'a chain of streams',
    run: <T>(source: ReadableStream<T>, stages: Stage<T, T>[]) =>
      stages.reduce((readable, stage) => readable.pipeThrough(new StageStream(stage)), source),
  },
])('stages that take their time, in $name', ({ run }) => {
  it('keep the order of items', async () => {
    const later = answeredLater<string>()
    const source = new HandFed('abc')
    source.close()
    const outcome = outcomeOf(run(source.readable, [letters(), EventMap.stage(later.mapper)]))
    for (const letter of ['a', 'b', 'c']) {
      await settled()
      expect(later.asked().at(-1)).toBe(letter)
      later.resolve(letter)
    }
    expect(await outcome).toEqual({ items: ['a', 'b', 'c'] })
  })

  it('give what came before an item that one of them refuses', async () => {
    const later = answeredLater<string>()
    const source = new HandFed('abc')
    const outcome = outcomeOf(run(source.readable, [letters(), EventMap.stage(later.mapper)]))
    const failure = new Error('not b')
    await settled()
    later.resolve('a')
    await settled()
    later.reject('b', failure)
    expect(await outcome).toEqual({ items: ['a'], error: failure })
    expect(later.asked()).toEqual(['a', 'b'])
    await settled()
    expect(source.cancels).toEqual([failure])
  })

  it('are waited for when one in front of them throws at once', async () => {
    const later = answeredLater<string>()
    const failure = new Error('not b')
    const refusing: Stage<string, string> = EventMap.stage((letter) => {
      if (letter === 'b') throw failure
      return letter
    })
    const source = new HandFed('ab')
    const stages = [letters(), refusing, EventMap.stage(later.mapper)]
    const outcome = outcomeOf(run(source.readable, stages))
    await settled()
    later.resolve('a')
    expect(await outcome).toEqual({ items: ['a'], error: failure })
    await settled()
    expect(source.cancels).toEqual([failure])
  })

  it('fail with the error of the earlier item when both fail', async () => {
    const later = answeredLater<string>()
    const earlier = new Error('not a')
    const refusing: Stage<string, string> = EventMap.stage((letter) => {
      if (letter === 'b') throw new Error('not b')
      return letter
    })
    const source = new HandFed('ab')
    const stages = [letters(), refusing, EventMap.stage(later.mapper)]
    const outcome = outcomeOf(run(source.readable, stages))
    await settled()
    later.reject('a', earlier)
    expect(await outcome).toEqual({ items: [], error: earlier })
  })

  it('are waited for when one in front of them fails later', async () => {
    const later = answeredLater<string>()
    const failure = new Error('not b')
    const refusing: Stage<string, string> = EventMap.stage(async (letter) => {
      if (letter === 'b') throw failure
      return letter
    })
    const source = new HandFed('ab')
    const stages = [letters(), refusing, EventMap.stage(later.mapper)]
    const outcome = outcomeOf(run(source.readable, stages))
    await settled()
    later.resolve('a')
    expect(await outcome).toEqual({ items: ['a'], error: failure })
  })

  it('leave no rejection behind when both of two fail, in either order', async () => {
    for (const isBackFirst of [true, false]) {
      const front = answeredLater<string>()
      const back = answeredLater<string>()
      const earlier = new Error('not a')
      const source = new HandFed('ab')
      const stages = [letters(), EventMap.stage(front.mapper), EventMap.stage(back.mapper)]
      const outcome = outcomeOf(run(source.readable, stages))
      await settled()
      front.resolve('a')
      await settled()
      if (isBackFirst) back.reject('a', earlier)
      await settled()
      front.reject('b', new Error('not b'))
      await settled()
      if (!isBackFirst) back.reject('a', earlier)
      expect(await outcome).toEqual({ items: [], error: earlier })
    }
  })

  it('give what is asked of them before the stream closes', async () => {
    const front = answeredLater<string>()
    const back = answeredLater<string>()
    const source = new HandFed('a')
    source.close()
    const stages = [EventMap.stage(front.mapper), EventMap.stage(back.mapper)]
    const outcome = outcomeOf(run(source.readable, stages))
    await settled()
    front.resolve('a')
    await settled()
    back.resolve('a')
    expect(await outcome).toEqual({ items: ['a'] })
  })

  it('are asked nothing more once the reader has left', async () => {
    for (const settle of ['resolve', 'reject'] as const) {
      const front = answeredLater<string>()
      const asked: string[] = []
      const behind: Stage<string, string> = EventMap.stage((letter) => {
        asked.push(letter)
        return letter
      })
      const source = new HandFed('ab')
      const reader = run(source.readable, [
        letters(),
        EventMap.stage(front.mapper),
        behind,
      ]).getReader()
      const reading = reader.read()
      await settled()
      const reason = new Error('left')
      await reader.cancel(reason)
      await settled()
      expect(source.cancels).toEqual([reason])
      front[settle]('a', new Error('too late'))
      await settled()
      expect(front.asked()).toEqual(['a'])
      expect(asked).toEqual([])
      expect(await reading).toEqual({ done: true, value: undefined })
    }
  })

  it('let the source wait meanwhile', async () => {
    const later = answeredLater<string>()
    const source = new HandFed('a', 'b', 'c', 'd', 'e')
    const reader = run(source.readable, [EventMap.stage(later.mapper)]).getReader()
    const reading = reader.read()
    await settled()
    expect(later.asked()).toEqual(['a'])
    later.resolve('a')
    expect(await reading).toEqual({ done: false, value: 'a' })
    await reader.cancel()
  })
})

it('relay gives events that are still being mapped before the error of one that is too long', async () => {
  const source = new HandFed(bytes('data: 1\n\ndata: 2 that is too long\n\n'))
  const body = relay(source.readable, [
    SseDecoder.stage({ maxEventBytes: 12 }),
    EventMap.stage(async (event: { data: string }) => event.data),
  ])
  const { items, error } = await outcomeOf(body)
  expect(items).toEqual(['1'])
  expect(error).toMatchObject({ code: 'SSE_LIMIT' })
  await settled()
  expect(source.cancels).toEqual([error])
})

it('relay reads nothing more of its source before all of a chunk has been worked off', async () => {
  const later = answeredLater<string>()
  let pulls = 0
  const source = new ReadableStream<string>(
    {
      pull(controller) {
        pulls++
        controller.enqueue('ab')
      },
    },
    { highWaterMark: 0 },
  )
  const stages = [letters(), EventMap.stage(later.mapper)] as const
  const reader = relay(source, stages, { watermark: { highBytes: 1 } }).getReader()
  await settled()
  later.resolve('a')
  await settled()
  expect((await reader.read()).value).toBe('a')
  const reading = reader.read()
  await settled()
  expect(pulls).toBe(1)
  later.resolve('b')
  expect((await reading).value).toBe('b')
  await settled()
  expect(pulls).toBe(2)
  await reader.cancel()
})
