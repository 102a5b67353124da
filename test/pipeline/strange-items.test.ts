import { runInNewContext } from 'node:vm'
import {
  FrameSplitter,
  HeartbeatInjector,
  MetricsTap,
  relay,
  SseDecoder,
  StageStream,
  type TapSummary,
  WatermarkBuffer,
} from 'sse-stream-kit/streams'
import { describe, expect, it } from 'vitest'
import { settled } from '../support/settled.ts'
import { bytes } from '../support/sse/bytes.ts'
import { allOf } from '../support/streams/all-of.ts'
import { HandFed } from '../support/streams/hand-fed.ts'
import { watchRejections } from '../support/watch-rejections.ts'

watchRejections()

const STAGES = {
  FrameSplitter: () => FrameSplitter.stage(),
  SseDecoder: () => SseDecoder.stage(),
  HeartbeatInjector: () => HeartbeatInjector.stage(),
}

describe.each(Object.entries(STAGES))('%s', (_, stage) => {
  it.each<[string, unknown, string]>([
    ['text', 'data: 1\n\n', 'String'],
    ['an ArrayBuffer', new ArrayBuffer(8), 'ArrayBuffer'],
    ['another typed array', new Uint16Array(8), 'Uint16Array'],
    ['an event', { data: '1' }, 'Object'],
    ['null', null, 'Null'],
    ['undefined', undefined, 'Undefined'],
  ])(
    'ends with a TypeError for a chunk that is %s, behind what was whole',
    async (_, chunk, kind) => {
      for (const run of [
        (source: ReadableStream<Uint8Array>) => relay<Uint8Array, unknown>(source, [stage()]),
        (source: ReadableStream<Uint8Array>) =>
          source.pipeThrough(new StageStream<Uint8Array, unknown>(stage())),
      ]) {
        const source = new HandFed<Uint8Array>(bytes('data: 1\n\n'), chunk as Uint8Array)
        const reader = run(source.readable).getReader()
        expect((await reader.read()).done).toBe(false)
        const error = await reader.read().catch((thrown: unknown) => thrown)
        expect(error).toBeInstanceOf(TypeError)
        expect((error as Error).message).toContain(`must be a Uint8Array: got a ${kind}`)
        await settled()
        expect(source.cancels).toEqual([error])
      }
    },
  )

  it('takes a Buffer, and bytes of another realm', async () => {
    const foreign = runInNewContext('Uint8Array.from(data)', { data: bytes('data: 2\n\n') })
    expect(foreign).not.toBeInstanceOf(Uint8Array)
    const source = new HandFed<Uint8Array>(Buffer.from('data: 1\n\n'), foreign)
    source.close()
    expect(await allOf(relay<Uint8Array, unknown>(source.readable, [stage()]))).toHaveLength(2)
  })
})

it('bytes of another realm count as bytes', async () => {
  const foreign: Uint8Array = runInNewContext('Uint8Array.from(data)', {
    data: bytes('data: 2\n\n'),
  })
  const summaries: TapSummary[] = []
  const tap = new MetricsTap({ onEnd: (summary) => summaries.push(summary) })
  const source = new HandFed(foreign, foreign)
  source.close()
  await allOf(source.readable.pipeThrough(tap))
  expect(summaries[0]).toMatchObject({ bytes: 18, events: 2 })

  const buffer = new WatermarkBuffer({ highWaterMark: 100 })
  const readable = new HandFed(foreign).readable.pipeThrough(buffer)
  await settled()
  expect(buffer.desiredSize).toBe(91)
  await readable.cancel()
})

describe('a hook that cancels the very stream that called it', () => {
  it('ends the stream, once, and nothing else happens', async () => {
    const reason = new Error('enough')
    const verdicts: string[] = []
    const source = new HandFed(bytes(':c\nid: 1\nretry: 5\ndata: 1\n\ndata: 2\n\n'))
    let cancelling: Promise<void> | undefined
    const cancel = () => {
      cancelling ??= reader.cancel(reason)
    }
    const reader = relay(source.readable, [
      MetricsTap.stage<Uint8Array>({ onEnd: ({ verdict }) => verdicts.push(verdict) }),
      SseDecoder.stage({ onComment: cancel, onId: cancel, onRetry: cancel }),
    ]).getReader()
    expect((await reader.read()).done).toBe(true)
    await cancelling
    expect(source.cancels).toEqual([reason])
    expect(verdicts).toEqual(['cancelled'])
  })

  it('does so from onPause too', async () => {
    const reason = new Error('enough')
    const source = new HandFed<number>(1, 2, 3)
    const buffer: WatermarkBuffer<number> = new WatermarkBuffer<number>({
      highWaterMark: 2,
      onPause: () => {
        void readable.cancel(reason)
      },
    })
    const readable: ReadableStream<number> = source.readable.pipeThrough(buffer)
    await settled()
    expect(source.cancels).toEqual([reason])
    expect((await readable.getReader().read()).done).toBe(true)
  })
})
