import {
  Budget,
  EventMap,
  FrameSplitter,
  type RelayOptions,
  relay,
  type Stage,
  type StageOutput,
} from 'sse-stream-kit/streams'
import { describe, expect, it, vi } from 'vitest'
import { FLOW, type ItemSource } from '../../src/base/byte-source.ts'
import { PushedBody } from '../../src/transport/pushed-body.ts'
import { settled } from '../support/settled.ts'
import { bytes } from '../support/sse/bytes.ts'
import { EVERY_RELAY } from '../support/streams/every-relay.ts'
import { HandFed } from '../support/streams/hand-fed.ts'
import { watchRejections } from '../support/watch-rejections.ts'

watchRejections()

type Bytes = Stage<Uint8Array, Uint8Array>

/** A relay of a source in flowing mode. */
function flowing(start: typeof relay, stages: Bytes[], options: RelayOptions = {}) {
  const aborts: unknown[] = []
  const source = new PushedBody({ abort: (reason) => void aborts.push(reason), resume: () => {} })
  const readable = start<Uint8Array>(source, stages, options)
  return { source, aborts, readable, reader: readable.getReader() }
}

const text = ({ value }: ReadableStreamReadResult<Uint8Array>): string =>
  new TextDecoder().decode(value)

describe.each(EVERY_RELAY)('%s of a source in flowing mode', (_, start) => {
  it('passes items in order, and then the end', async () => {
    const { source, reader } = flowing(start, [FrameSplitter.stage()])
    source.push(bytes('data: 1\n\nda'))
    await settled()
    source.push(bytes('ta: 2\n\n'))
    source.push(bytes('data: 3'))
    source.end()
    const got: string[] = []
    for (;;) {
      const result = await reader.read()
      if (result.done) break
      got.push(text(result))
    }
    expect(got.join('')).toBe('data: 1\n\ndata: 2\n\ndata: 3')
  })

  it('passes a copy to its reader, and the item itself to its own sink', async () => {
    const { source, readable, reader } = flowing(start, [])
    await settled()
    const [first, second] = [bytes('a'), bytes('b')]
    source.push(first)
    const { value } = await reader.read()
    expect(value).toEqual(first)
    expect(value).not.toBe(first)
    expect(value?.buffer).not.toBe(first.buffer)
    const taken: Uint8Array[] = []
    ;(readable as ItemSource<Uint8Array>)[FLOW]?.((item) => void taken.push(item))
    source.push(second)
    expect(taken[0]).toBe(second)
  })

  it('leaves items in the source from the high watermark on, and takes them from the low one on', async () => {
    const passed: string[] = []
    const { source, reader } = flowing(
      start,
      [
        EventMap.stage((item: Uint8Array) => {
          passed.push(new TextDecoder().decode(item))
          return item
        }),
      ],
      { watermark: { highBytes: 2, lowBytes: 0 } },
    )
    await settled()
    for (const item of ['a', 'b', 'c', 'd']) source.push(bytes(item))
    expect(passed).toEqual(['a', 'b'])
    await reader.read()
    await settled()
    expect(passed).toEqual(['a', 'b'])
    await reader.read()
    await settled()
    expect(passed).toEqual(['a', 'b', 'c', 'd'])
  })

  it('ends once when what a stage emits at the end fills the output', async () => {
    let ends = 0
    let output!: StageOutput<Uint8Array>
    const ending: Bytes = {
      start: (given) => {
        output = given
      },
      push: (item) => output.emit(item),
      end: () => {
        ends++
        for (const word of ['the', 'very', 'end']) output.emit(bytes(word))
      },
    }
    const { source, reader } = flowing(start, [ending], {
      watermark: { highBytes: 1, lowBytes: 0 },
    })
    await settled()
    const first = reader.read()
    source.end()
    expect(text(await first)).toBe('the')
    expect(text(await reader.read())).toBe('very')
    expect(text(await reader.read())).toBe('end')
    expect((await reader.read()).done).toBe(true)
    expect(ends).toBe(1)
  })

  it('ends where the source ended while it was full', async () => {
    const { source, reader } = flowing(start, [], { watermark: { highBytes: 1, lowBytes: 0 } })
    await settled()
    source.push(bytes('a'))
    source.push(bytes('b'))
    source.end()
    await settled()
    expect(text(await reader.read())).toBe('a')
    expect(text(await reader.read())).toBe('b')
    expect((await reader.read()).done).toBe(true)
  })

  it('errors with the error of the source, after what came before', async () => {
    const { source, reader } = flowing(start, [FrameSplitter.stage()])
    await settled()
    source.push(bytes('data: 1\n\nda'))
    source.fail(new Error('cut'))
    await settled()
    expect(text(await reader.read())).toBe('data: 1\n\n')
    await expect(reader.read()).rejects.toThrow('cut')
  })

  it('reports an error that came while it was full once it reads on', async () => {
    const { source, reader } = flowing(start, [], { watermark: { highBytes: 1, lowBytes: 0 } })
    await settled()
    source.push(bytes('a'))
    source.push(bytes('b'))
    source.fail(new Error('cut'))
    await settled()
    expect(text(await reader.read())).toBe('a')
    expect(text(await reader.read())).toBe('b')
    await expect(reader.read()).rejects.toThrow('cut')
  })

  it('leaves items in the source while others need the budget', async () => {
    const budget = new Budget({ maxBytes: 4 })
    const { source, reader } = flowing(start, [], { budget })
    const other = flowing(start, [], { budget })
    await settled()
    for (const item of ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h']) source.push(bytes(item))
    other.source.push(bytes('z'))
    expect(budget.heldBytes).toBe(6)
    for (let read = 0; read < 8; read++) await reader.read()
    expect(text(await other.reader.read())).toBe('z')
  })

  it('cancels the source where a stage throws, and never throws at the source', async () => {
    const error = new Error('refused')
    const { source, aborts, reader } = flowing(start, [
      EventMap.stage((): Uint8Array => {
        throw error
      }),
    ])
    await settled()
    expect(() => source.push(bytes('a'))).not.toThrow()
    await expect(reader.read()).rejects.toBe(error)
    expect(aborts).toEqual([error])
    expect(source.push(bytes('b'))).toBe(true)
  })

  it('cancels the source when it is cancelled', async () => {
    const { source, aborts, reader } = flowing(start, [])
    await settled()
    source.push(bytes('a'))
    await reader.cancel('enough')
    expect(aborts).toEqual(['enough'])
  })

  it('takes the items of another relay without reading it', async () => {
    const inner = relay(new HandFed(bytes('a'), bytes('b')).readable, [])
    const read = vi.spyOn(ReadableStreamDefaultReader.prototype, 'read')
    const reader = start(inner, [FrameSplitter.stage()]).getReader()
    read.mockClear()
    await settled()
    // Two items and a pending read, all of the inner relay.
    expect(read.mock.calls.length).toBe(3)
    read.mockRestore()
    await reader.cancel()
  })
})
