import { EventMap, type Stage, type StageOutput, StageStream } from 'sse-stream-kit/streams'
import { describe, expect, it } from 'vitest'
import { settled } from '../support/settled.ts'
import { allOf } from '../support/streams/all-of.ts'
import { HandFed } from '../support/streams/hand-fed.ts'
import { watchRejections } from '../support/watch-rejections.ts'

watchRejections()

const identity = (): Stage<string, string> => EventMap.stage((item) => item)

describe('StageStream', () => {
  it('is a TransformStream', () => {
    expect(new StageStream(identity())).toBeInstanceOf(TransformStream)
  })

  it('takes a chunk only when the reader asks for an item', async () => {
    const taken: string[] = []
    const stage: Stage<string, string> = EventMap.stage((item) => {
      taken.push(item)
      return item
    })
    const { readable, writable } = new StageStream(stage)
    const writer = writable.getWriter()
    const writes = [writer.write('a'), writer.write('b')]
    await settled()
    expect(taken).toEqual([])
    const reader = readable.getReader()
    expect(await reader.read()).toEqual({ done: false, value: 'a' })
    await settled()
    expect(taken).toEqual(['a'])
    expect(await reader.read()).toEqual({ done: false, value: 'b' })
    await Promise.all(writes)
  })

  it('pauses and resumes its stage with its writes', async () => {
    const told: string[] = []
    const inner = identity()
    const stage: Stage<string, string> = {
      start: (output) => inner.start(output),
      push: (item) => {
        told.push(item)
        return inner.push(item)
      },
      pause: () => told.push('pause'),
      resume: () => told.push('resume'),
    }
    const { readable, writable } = new StageStream(stage)
    const writer = writable.getWriter()
    const writing = writer.write('a')
    await settled()
    expect(told).toEqual(['pause'])
    await readable.getReader().read()
    await writing
    expect(told).toEqual(['pause', 'resume', 'a'])
  })

  it('takes another chunk when a stage emits nothing for one', async () => {
    const source = new HandFed('a', 'b', 'c')
    source.close()
    const stage: Stage<string, string> = EventMap.stage((item) => (item === 'c' ? item : null))
    expect(await allOf(source.readable.pipeThrough(new StageStream(stage)))).toEqual(['c'])
  })

  it('delivers every item of a chunk that becomes many, however late it is read', async () => {
    const stage: Stage<string, string> = EventMap.stage((item) => [...item])
    const { readable, writable } = new StageStream(stage)
    const writer = writable.getWriter()
    const reader = readable.getReader()
    const reading = reader.read()
    await writer.write('abc')
    const closing = writer.close()
    expect(
      [await reading, await reader.read(), await reader.read()].map(({ value }) => value),
    ).toEqual(['a', 'b', 'c'])
    await closing
    expect((await reader.read()).done).toBe(true)
  })

  it('errors both sides with what its stage throws, after what the stage emitted before', async () => {
    const failure = new Error('broken stage')
    const stage: Stage<string, string> = {
      start: (output) => {
        stage.push = () => {
          output.emit('last')
          throw failure
        }
      },
      push: () => {},
    }
    const { readable, writable } = new StageStream(stage)
    const writer = writable.getWriter()
    const closed = expect(writer.closed).rejects.toBe(failure)
    const reader = readable.getReader()
    const reading = reader.read()
    await writer.write('x').catch(() => {})
    expect(await reading).toEqual({ done: false, value: 'last' })
    await expect(reader.read()).rejects.toBe(failure)
    await closed
  })

  it('errors both sides with what its stage reports outside of a push', async () => {
    const failure = new Error('broken timer')
    let output: StageOutput<string> | undefined
    const inner = identity()
    const stage: Stage<string, string> = {
      start: (given) => {
        output = given
        inner.start(given)
      },
      push: (item) => inner.push(item),
    }
    const { readable, writable } = new StageStream(stage)
    const writer = writable.getWriter()
    const closed = expect(writer.closed).rejects.toBe(failure)
    const reader = readable.getReader()
    const reading = reader.read()
    await writer.write('a')
    expect((await reading).value).toBe('a')
    output?.error(failure)
    await expect(reader.read()).rejects.toBe(failure)
    await closed
    output?.emit('too late')
    output?.error(new Error('too late'))
  })

  it('ends a write that waits for a reader when its stage reports an error', async () => {
    const failure = new Error('broken timer')
    let output: StageOutput<string> | undefined
    const inner = identity()
    const stage: Stage<string, string> = {
      start: (given) => {
        output = given
        inner.start(given)
      },
      push: (item) => inner.push(item),
    }
    const source = new HandFed('a', 'b', 'c')
    const reader = source.readable.pipeThrough(new StageStream(stage)).getReader()
    await settled()
    output?.error(failure)
    await settled()
    expect(source.cancels).toEqual([failure])
    await expect(reader.read()).rejects.toBe(failure)
  })

  it('reaches the source of a chain when it is cancelled while a write is waiting', async () => {
    const source = new HandFed('a', 'b', 'c', 'd', 'e', 'f', 'g')
    const body = source.readable
      .pipeThrough(new StageStream(identity()))
      .pipeThrough(new StageStream(identity()))
      .pipeThrough(new StageStream(identity()))
    await settled()
    const reason = new Error('left')
    await body.cancel(reason)
    await settled()
    expect(source.cancels).toEqual([reason])
  })

  it('takes part in a pipe that is aborted by a signal', async () => {
    const reason = new Error('stop')
    const abort = new AbortController()
    const source = new HandFed('a')
    const stream = new StageStream(identity())
    const reader = stream.readable.getReader()
    const reading = reader.read()
    const pipe = source.readable.pipeTo(stream.writable, { signal: abort.signal })
    const piping = expect(pipe).rejects.toBe(reason)
    expect((await reading).value).toBe('a')
    abort.abort(reason)
    await piping
    expect(source.cancels).toEqual([reason])
    await expect(reader.read()).rejects.toBe(reason)
  })
})
