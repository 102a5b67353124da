import { EventMap, relay, type Stage, type StageOutput, StageStream } from 'sse-stream-kit/streams'
import { describe, expect, it } from 'vitest'
import { settled } from '../support/settled.ts'
import { HandFed } from '../support/streams/hand-fed.ts'
import { warningsDuring } from '../support/warnings-during.ts'
import { watchRejections } from '../support/watch-rejections.ts'

watchRejections()

/** A stage of which each item becomes several, as a chunk becomes events. */
const letters = (): Stage<string, string> => EventMap.stage((text) => [...text])

/** Passes all items, but returns a promise for one of them or at the end. */
class AsyncStage implements Stage<string, string> {
  readonly #asyncAt: string
  readonly #error: Error | undefined
  #output!: StageOutput<string>

  constructor(asyncAt: string, error?: Error) {
    this.#asyncAt = asyncAt
    this.#error = error
  }

  start(output: StageOutput<string>): void {
    this.#output = output
  }

  push(item: string): unknown {
    if (item === this.#asyncAt) return this.#later()
    this.#output.emit(item)
    return item.length
  }

  end(): unknown {
    if (this.#asyncAt === 'end') return this.#later()
    return 'not a promise'
  }

  async #later(): Promise<void> {
    if (this.#error) throw this.#error
  }
}

/** Reads until the end, and returns what came, and the error. */
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
    run: (source: ReadableStream<string>, stages: Stage<string, string>[]) => relay(source, stages),
  },
  {
    name: 'a chain of streams',
    run: (source: ReadableStream<string>, stages: Stage<string, string>[]) =>
      stages.reduce((readable, stage) => readable.pipeThrough(new StageStream(stage)), source),
  },
])('a stage that returns a promise, in $name', ({ run }) => {
  it.each(['first', 'behind another one'])(
    'from push ends the stream after the items before, and cancels the source (%s)',
    async (place) => {
      const source = new HandFed<string>()
      const stages = place === 'first' ? [] : [letters()]
      const outcome = outcomeOf(run(source.readable, [...stages, new AsyncStage('b')]))
      source.give('a')
      await settled()
      source.give('b')
      const error = new TypeError(
        'push() of the stage AsyncStage must be synchronous: got a promise. ' +
          'Do asynchronous work in a TransformStream, with pipeThrough',
      )
      expect(await outcome).toEqual({ items: ['a'], error })
      await settled()
      expect(source.cancels).toEqual([error])
    },
  )

  it('from end ends the stream after all items', async () => {
    const source = new HandFed('a')
    source.close()
    const { items, error } = await outcomeOf(run(source.readable, [new AsyncStage('end')]))
    expect(items).toEqual(['a'])
    expect(String(error)).toContain('TypeError: end() of the stage AsyncStage must be synchronous')
  })

  it('that rejects later is reported once, and ends no process', async () => {
    const warnings = await warningsDuring(async () => {
      const source = new HandFed('a')
      const stage = new AsyncStage('a', new Error('too late'))
      const { error } = await outcomeOf(run(source.readable, [stage]))
      expect(String(error)).toContain('TypeError: push() of the stage AsyncStage')
    })
    expect(warnings.map(String)).toEqual([
      expect.stringContaining('push() of the stage AsyncStage'),
    ])
  })

  it('is refused, unlike one that returns anything else', async () => {
    const source = new HandFed('a', 'b')
    source.close()
    expect(await outcomeOf(run(source.readable, [new AsyncStage('none')]))).toEqual({
      items: ['a', 'b'],
    })
  })
})

it('of an object literal is named by its method', async () => {
  const stage: Stage<string, string> = { start: () => {}, push: async () => {} }
  const { error } = await outcomeOf(relay(new HandFed('a').readable, [stage]))
  expect(String(error)).toContain('TypeError: push() of a stage must be synchronous')
})
