import { streamOf } from 'sse-stream-kit/testing'
import { expect, it } from 'vitest'
import { ChunkLog } from '../../../src/cli/demo/chunk-log.ts'

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
const text = (stream: ReadableStream<Uint8Array>): Promise<string> => new Response(stream).text()

it('gives every reader all chunks from the first one, as they arrive', async () => {
  let source!: ReadableStreamDefaultController<Uint8Array>
  const log = new ChunkLog(100)
  const filled = log.fill(
    new ReadableStream({
      start: (controller) => {
        source = controller
      },
    }),
  )
  const early = log.read().getReader()
  const first = early.read()
  source.enqueue(bytes('one'))
  expect((await first).value).toEqual(bytes('one'))
  const late = text(log.read())
  source.enqueue(bytes('two'))
  source.close()
  await filled
  expect(await late).toBe('onetwo')
  expect((await early.read()).value).toEqual(bytes('two'))
  expect((await early.read()).done).toBe(true)
})

it('gives every reader copies of the bytes', async () => {
  const log = new ChunkLog(100)
  await log.fill(streamOf([bytes('one')]))
  const { value } = await log.read().getReader().read()
  value?.fill(0)
  expect(await text(log.read())).toBe('one')
})

it('errors every reader, after the chunks before, when the source errors', async () => {
  const log = new ChunkLog(100)
  await log.fill(
    new ReadableStream({
      start: (controller) => controller.enqueue(bytes('one')),
      pull: (controller) => controller.error(new Error('cut')),
    }),
  )
  for (const reader of [log.read().getReader(), log.read().getReader()]) {
    expect((await reader.read()).value).toEqual(bytes('one'))
    await expect(reader.read()).rejects.toThrow('cut')
  }
})

it('errors for a response that is larger than maxBytes', async () => {
  const log = new ChunkLog(5)
  await log.fill(streamOf([bytes('one'), bytes('two')]))
  await expect(text(log.read())).rejects.toThrow('more than 5 bytes')
})
