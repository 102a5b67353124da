import {
  EventMap,
  FrameSplitter,
  HeartbeatInjector,
  type HeartbeatInjectorOptions,
  MetricsTap,
  relay,
  SseDecoder,
  SseEncoder,
  type Stage,
  StageStream,
  WatermarkBuffer,
} from 'sse-stream-kit/streams'
import { streamOf } from 'sse-stream-kit/testing'
import { describe, expect, it } from 'vitest'
import { settled } from '../support/settled.ts'
import { watchRejections } from '../support/watch-rejections.ts'
import { watchTimers } from '../support/watch-timers.ts'

watchRejections()
watchTimers()

const wrong = (stages: unknown) => () =>
  relay(streamOf('data: 1\n\n'), stages as Stage<Uint8Array, Uint8Array>[])

describe('relay', () => {
  it.each<[unknown, string]>([
    [
      new FrameSplitter(),
      'got the TransformStream FrameSplitter. Use FrameSplitter.stage(...) instead',
    ],
    [new SseDecoder(), 'Use SseDecoder.stage(...) instead'],
    [new SseEncoder(), 'Use SseEncoder.stage(...) instead'],
    [new HeartbeatInjector(), 'Use HeartbeatInjector.stage(...) instead'],
    [new MetricsTap(), 'Use MetricsTap.stage(...) instead'],
    [new EventMap((event: unknown) => event), 'Use EventMap.stage(...) instead'],
    [MetricsTap, 'got the function MetricsTap. Use MetricsTap.stage(...) instead'],
    [new WatermarkBuffer({ highWaterMark: 1 }), 'Use readable.pipeThrough(...) for a'],
    [new TextDecoderStream(), 'got the TransformStream TextDecoderStream. Use readable.pipe'],
    [() => {}, 'got the function (anonymous)'],
    [{ push: () => {} }, 'got an object'],
    [[], 'got an array'],
    [null, 'got null'],
    [undefined, 'got undefined'],
    ['stage', 'got "stage"'],
  ])('refuses %o for a stage, and says what to do', async (stage, message) => {
    expect(wrong([FrameSplitter.stage(), stage])).toThrow(TypeError)
    expect(wrong([FrameSplitter.stage(), stage])).toThrow(/^stages\[1\] must be a stage: got /)
    expect(wrong([stage])).toThrow(message)
    await settled()
  })

  it.each([undefined, null, {}, FrameSplitter.stage()])(
    'refuses %o for its list of stages',
    (stages) => {
      expect(wrong(stages)).toThrow(/^relay\(\) needs an array of stages as its second argument/)
    },
  )

  it.each<[unknown, RegExp]>([
    [
      new Response('x'),
      /^relay\(\) needs a ReadableStream .* got an object of class Response. Pass its body$/,
    ],
    [null, /got null$/],
    [undefined, /got undefined$/],
    [new FrameSplitter(), /got an object of class FrameSplitter$/],
  ])('refuses %o for its source', (source, message) => {
    expect(() => relay(source as ReadableStream<Uint8Array>, [])).toThrow(message)
  })

  it('leaves the source as it was, and no timer, when it cannot start', async () => {
    const source = streamOf('data: 1\n\n')
    const failure = new Error('no start')
    const ended: unknown[] = []
    const failing: Stage<Uint8Array, Uint8Array> = {
      start: () => {
        throw failure
      },
      push: () => {},
      dispose: (...how) => ended.push(how),
    }
    const summaries: unknown[] = []
    const tap = MetricsTap.stage<Uint8Array>({ onEnd: (summary) => summaries.push(summary) })
    const behind = [HeartbeatInjector.stage(), tap]
    const untouched = MetricsTap.stage<Uint8Array>({ onEnd: () => expect.unreachable() })
    expect(() => relay(source, [untouched, failing, ...behind])).toThrow(failure)
    await settled()
    expect(ended).toEqual([['failed', failure]])
    expect(summaries).toMatchObject([{ verdict: 'error', reason: failure }])
    expect([source.locked, source.pulls]).toEqual([false, 0])
    expect(await new Response(source).text()).toBe('data: 1\n\n')
  })
})

describe('StageStream', () => {
  it.each([undefined, null, {}, new FrameSplitter(), FrameSplitter])(
    'refuses %o for its stage',
    async (stage) => {
      const make = () => new StageStream(stage as Stage<unknown, unknown>)
      expect(make).toThrow(/^The first argument of StageStream must be a stage: got /)
      await settled()
    },
  )

  it('errors on both sides when its stage cannot start', async () => {
    const failure = new Error('no start')
    const stage: Stage<Uint8Array, Uint8Array> = {
      start: () => {
        throw failure
      },
      push: () => {},
    }
    const silent = streamOf([{ waitMs: Infinity }])
    const reading = silent.pipeThrough(new StageStream(stage)).getReader().read()
    await expect(reading).rejects.toBe(failure)
    expect([await silent.verdict, silent.cancelReason]).toEqual(['cancelled', failure])
    const writer = new StageStream(stage).writable.getWriter()
    await writer.write(new Uint8Array(1))
    await expect(writer.closed).rejects.toBe(failure)
  })
})

describe('a transform with wrong options', () => {
  it.each<[string, RegExp, () => unknown]>([
    ['FrameSplitter', /maxEventBytes/, () => new FrameSplitter({ maxEventBytes: 0 })],
    ['SseDecoder', /maxEventBytes/, () => new SseDecoder({ maxEventBytes: Number.NaN })],
    ['HeartbeatInjector', /intervalMs/, () => new HeartbeatInjector({ intervalMs: 0 })],
    [
      'HeartbeatInjector',
      /options/,
      () => new HeartbeatInjector(null as unknown as HeartbeatInjectorOptions),
    ],
    [
      'WatermarkBuffer',
      /lowWaterMark/,
      () => new WatermarkBuffer({ highWaterMark: 1, lowWaterMark: 2 }),
    ],
    ['EventMap', /function/, () => new EventMap('upper' as unknown as () => null)],
  ])('throws where %s is made, and leaves no rejection behind', async (_, message, make) => {
    expect(make).toThrow(message)
    await settled()
  })
})
