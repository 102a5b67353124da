import { EventMap, MetricsTap, relay, type Stage } from 'sse-stream-kit/streams'
import { describe, expect, it } from 'vitest'
import { refusal } from '../support/refusal.ts'
import { settled } from '../support/settled.ts'
import { bytes } from '../support/sse/bytes.ts'
import { HandFed } from '../support/streams/hand-fed.ts'
import { warningsDuring } from '../support/warnings-during.ts'
import { watchRejections } from '../support/watch-rejections.ts'

watchRejections()

const TEN_BYTES = bytes('data: 01\n\n')
const tens = (count: number): Uint8Array[] => Array.from({ length: count }, () => TEN_BYTES)

describe('relay', () => {
  it('passes chunks on as they are, not copied, where no stage changes them', async () => {
    const source = new HandFed(TEN_BYTES)
    source.close()
    const reader = relay(source.readable, [MetricsTap.stage()]).getReader()
    expect((await reader.read()).value).toBe(TEN_BYTES)
    expect((await reader.read()).done).toBe(true)
  })

  it('works without any stage', async () => {
    const source = new HandFed(TEN_BYTES, TEN_BYTES)
    source.close()
    expect(await new Response(relay(source.readable, [])).text()).toBe('data: 01\n\ndata: 01\n\n')
  })

  it('reads the source up to the high mark, and again from the low mark on', async () => {
    const source = new HandFed(...tens(20))
    const reads: number[] = []
    const readNow = async () => {
      await settled()
      reads.push(taken)
    }
    let taken = 0
    const counting: Stage<Uint8Array, Uint8Array> = EventMap.stage((chunk) => {
      taken++
      return chunk
    })
    const reader = relay(source.readable, [counting], {
      watermark: { highBytes: 40, lowBytes: 20 },
    }).getReader()
    await readNow()
    for (let read = 0; read < 6; read++) {
      await reader.read()
      await readNow()
    }
    // 40 bytes held; 30; 20 and so filled up again; and the same once more.
    expect(reads).toEqual([4, 4, 6, 6, 8, 8, 10])
    await reader.cancel()
  })

  it('holds no more than the high mark and what one chunk becomes, whoever does not read', async () => {
    let taken = 0
    const endless = new ReadableStream<Uint8Array>({
      pull(controller) {
        taken += TEN_BYTES.length
        controller.enqueue(TEN_BYTES)
      },
    })
    const body = relay(endless, [], { watermark: { highBytes: 1000 } })
    await settled()
    // One more chunk is in the queue of the source itself.
    expect(taken).toBeLessThanOrEqual(1000 + 2 * TEN_BYTES.length)
    await body.cancel()
  })

  it('does not read a source of empty chunks for ever', async () => {
    let pulls = 0
    const empty = new ReadableStream<Uint8Array>({
      pull(controller) {
        pulls++
        controller.enqueue(new Uint8Array(0))
      },
    })
    const body = relay(empty, [], { watermark: { highBytes: 100 } })
    await settled()
    expect(pulls).toBeLessThanOrEqual(102)
    await body.cancel()
  })

  it.each([
    ['text by its length', 'four', 2],
    ['the data of events by its length', { data: 'four' }, 2],
    ['other items that are no bytes as 1 each', { data: 4 }, 5],
  ])('counts %s', async (_, item, wanted) => {
    let pulls = 0
    const endless = new ReadableStream<unknown>(
      {
        pull(controller) {
          pulls++
          controller.enqueue(item)
        },
      },
      { highWaterMark: 0 },
    )
    const body = relay(endless, [], { watermark: { highBytes: 5, lowBytes: 0 } })
    await settled()
    expect(pulls).toBe(wanted)
    await body.cancel()
  })

  it.each<[Record<string, number>, string]>([
    [{ highBytes: 0 }, 'highBytes'],
    [{ highBytes: 1.5 }, 'highBytes'],
    [{ highBytes: Number.NaN }, 'highBytes'],
    [{ lowBytes: -1 }, 'lowBytes'],
    [{ highBytes: 10, lowBytes: 11 }, 'lowBytes'],
  ])('refuses the marks %o', (watermark, name) => {
    const source = new HandFed()
    expect(() => relay(source.readable, [], { watermark })).toThrow(refusal(RangeError, name))
    expect(source.readable.locked).toBe(false)
  })

  it('takes Infinity for no mark, and undefined for the default', async () => {
    for (const watermark of [
      { highBytes: Infinity },
      { highBytes: undefined, lowBytes: undefined },
    ]) {
      const source = new HandFed(...tens(100))
      source.close()
      const text = await new Response(relay(source.readable, [], { watermark })).text()
      expect(text).toHaveLength(1000)
    }
  })

  it('refuses a source that somebody else reads', () => {
    const { readable } = new HandFed()
    readable.getReader()
    expect(() => relay(readable, [])).toThrow(TypeError)
  })

  it('delivers what a stage gave before it threw, and cancels the source with that error', async () => {
    const failure = new Error('broken stage')
    const stage: Stage<string, string> = EventMap.stage((item) => {
      if (item === 'b') throw failure
      return [item, `${item}2`]
    })
    const source = new HandFed('a', 'b', 'c')
    const reader = relay(source.readable, [stage]).getReader()
    await settled()
    expect(source.cancels).toEqual([failure])
    expect((await reader.read()).value).toBe('a')
    expect((await reader.read()).value).toBe('a2')
    await expect(reader.read()).rejects.toBe(failure)
  })

  it('delivers what came before a stage that throws at the end', async () => {
    const failure = new Error('broken end')
    const stage = {
      ...passing(),
      end() {
        throw failure
      },
    }
    const source = new HandFed('a')
    source.close()
    const reader = relay(source.readable, [stage]).getReader()
    await settled()
    expect((await reader.read()).value).toBe('a')
    await expect(reader.read()).rejects.toBe(failure)
  })

  it('emits what each stage holds through those behind it, in order', async () => {
    const holding = (name: string): Stage<string, string> => {
      const stage = passing()
      return { ...stage, end: () => stage.emit(name) }
    }
    const source = new HandFed('x')
    source.close()
    const shouting: Stage<string, string> = EventMap.stage((item) => item.toUpperCase())
    const reader = relay(source.readable, [holding('a'), shouting, holding('b')]).getReader()
    const items: (string | undefined)[] = []
    for (;;) {
      const { done, value } = await reader.read()
      if (done) break
      items.push(value)
    }
    expect(items).toEqual(['X', 'A', 'b'])
  })

  it('ends every stage, also behind one whose end throws, and reports what it threw once', async () => {
    const endings: string[] = []
    const throwing = (name: string): Stage<string, string> => ({
      ...passing(),
      dispose() {
        endings.push(name)
        throw new Error(name)
      },
    })
    const warnings = await warningsDuring(async () => {
      const source = new HandFed('x')
      await relay(source.readable, [throwing('a'), throwing('b')]).cancel()
    })
    expect(endings).toEqual(['a', 'b'])
    expect(warnings.map(({ cause }) => cause)).toEqual([new Error('a'), new Error('b')])
  })

  it('drops what a stage emits after the end', async () => {
    const late = passing()
    const taken: string[] = []
    const behind: Stage<string, string> = EventMap.stage((item) => {
      taken.push(item)
      return item
    })
    const source = new HandFed('a')
    const reader = relay(source.readable, [late, behind]).getReader()
    await reader.read()
    await reader.cancel()
    late.emit('too late')
    expect(taken).toEqual(['a'])
  })

  it('pauses and resumes its stages with the source', async () => {
    const told: string[] = []
    const stage = {
      ...passing(),
      pause: () => told.push('pause'),
      resume: () => told.push('resume'),
    }
    const source = new HandFed('a', 'b', 'c')
    const reader = relay(source.readable, [stage as Stage<string, string>], {
      watermark: { highBytes: 2, lowBytes: 0 },
    }).getReader()
    await settled()
    expect(told).toEqual(['pause'])
    await reader.read()
    await settled()
    expect(told).toEqual(['pause'])
    await reader.read()
    await settled()
    expect(told).toEqual(['pause', 'resume'])
    await reader.cancel()
  })

  it('shows stages what the output wants and what it holds', async () => {
    const seen: [number, number][] = []
    const stage = passing()
    const looking: Stage<string, string> = {
      ...stage,
      push: (item) => {
        stage.push(item)
        seen.push([stage.output().desiredSize, stage.output().queued])
      },
    }
    const source = new HandFed('a', 'b', 'c')
    const body = relay(source.readable, [looking, MetricsTap.stage()], {
      watermark: { highBytes: 3 },
    })
    await settled()
    expect(seen).toEqual([
      [2, 1],
      [1, 2],
      [0, 3],
    ])
    await body.cancel()
  })
})

/** A stage that passes items on, to be changed by a test. */
function passing() {
  let output: Parameters<Stage<string, string>['start']>[0] | undefined
  return {
    start: (given: NonNullable<typeof output>) => {
      output = given
    },
    push: (item: string) => output?.emit(item),
    emit: (item: string) => output?.emit(item),
    output: () => output as NonNullable<typeof output>,
  }
}
