import { EventMap, type EventMapper, SseDecoder } from 'sse-stream-kit/streams'
import { streamOf } from 'sse-stream-kit/testing'
import { describe, expect, it } from 'vitest'
import { allOf } from '../support/streams/all-of.ts'
import { HandFed } from '../support/streams/hand-fed.ts'
import { watchRejections } from '../support/watch-rejections.ts'

watchRejections()

describe('EventMap', () => {
  const run = <Out>(mapper: EventMapper<{ data: string }, Out>) =>
    allOf(
      streamOf(['data: 1\n\ndata: 2\n\ndata: 3\n\n'])
        .pipeThrough(new SseDecoder())
        .pipeThrough(new EventMap(mapper)),
    )

  it('maps each event to another one', async () => {
    expect(await run(({ data }) => Number(data) * 2)).toEqual([2, 4, 6])
  })

  it('drops those that are mapped to nothing', async () => {
    expect(await run((event) => (event.data === '2' ? null : event.data))).toEqual(['1', '3'])
    expect(await run((event) => (event.data === '2' ? undefined : event.data))).toEqual(['1', '3'])
    expect(await run((event) => (event.data === '2' ? [] : event.data))).toEqual(['1', '3'])
  })

  it('emits the items of an array, in order', async () => {
    expect(await run(({ data }) => [data, `${data}b`])).toEqual(['1', '1b', '2', '2b', '3', '3b'])
  })

  it('keeps falsy values', async () => {
    expect(await run(({ data }) => (data === '1' ? 0 : data === '2' ? '' : false))).toEqual([
      0,
      '',
      false,
    ])
  })

  it('ends with what the function throws, behind the events before it, and cancels its source', async () => {
    const failure = new Error('not 2')
    const source = new HandFed('1', '2', '3')
    const seen: string[] = []
    const mapped = source.readable.pipeThrough(
      new EventMap((item: string) => {
        if (item === '2') throw failure
        return item
      }),
    )
    const reading = (async () => {
      for await (const item of mapped) seen.push(item)
    })()
    await expect(reading).rejects.toBe(failure)
    expect(seen).toEqual(['1'])
    expect(source.cancels).toEqual([failure])
  })
})

it.each([
  ['a promise', async (item: string) => item],
  [
    'anything that has a then',
    (item: string) => ({
      // biome-ignore lint/suspicious/noThenProperty: that such a thing is no promise is what this is about
      then: (resolve: (value: string) => void) => resolve(`${item}!`),
    }),
  ],
])(
  'EventMap ends with a TypeError that says what to do for a mapper that returns %s',
  async (_, mapper) => {
    const source = new HandFed('a')
    const mapped = source.readable.pipeThrough(new EventMap<string, unknown>(mapper))
    await expect(allOf(mapped)).rejects.toThrow(
      new TypeError(
        'The mapper of EventMap must be synchronous: got a promise. ' +
          'Do asynchronous work in a TransformStream, with pipeThrough',
      ),
    )
  },
)
