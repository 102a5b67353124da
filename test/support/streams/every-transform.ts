import {
  EventMap,
  FrameSplitter,
  HeartbeatInjector,
  MetricsTap,
  SseDecoder,
  SseEncoder,
  type Stage,
  StageStream,
  WatermarkBuffer,
} from 'sse-stream-kit/streams'
import { bytes } from '../sse/bytes.ts'
import { type StageEnding, watchedStage } from './watched-stage.ts'

/** A transform of any items. */
export interface TransformCase {
  name: string
  /** Makes one, whose stage (if it has one of its own to watch) records its ends. */
  create(endings: StageEnding[]): TransformStream<unknown, unknown>
  /** Makes its stage, for `relay`. */
  stage?(): Stage<unknown, unknown>
  /** Two items to write. */
  items: [unknown, unknown]
  /** The output for each. */
  results: [unknown, unknown]
}

const FRAMES: [Uint8Array, Uint8Array] = [bytes('data: 1\n\n'), bytes('data: 2\n\n')]
const EVENTS: [unknown, unknown] = [
  { data: '1', lastEventId: '' },
  { data: '2', lastEventId: '' },
]

function ofStage(
  name: string,
  stage: () => Stage<never, unknown>,
  items: [unknown, unknown],
  results: [unknown, unknown],
): TransformCase {
  const create = stage as () => Stage<unknown, unknown>
  return {
    name,
    create: (endings) => new StageStream(watchedStage(create(), endings)),
    stage: create,
    items,
    results,
  }
}

/** All transforms. */
export const EVERY_TRANSFORM: TransformCase[] = [
  ofStage('FrameSplitter', () => FrameSplitter.stage(), FRAMES, FRAMES),
  ofStage('SseDecoder', () => SseDecoder.stage(), FRAMES, EVENTS),
  ofStage('SseEncoder', () => SseEncoder.stage(), EVENTS, FRAMES),
  ofStage('HeartbeatInjector', () => HeartbeatInjector.stage(), FRAMES, FRAMES),
  ofStage('MetricsTap', () => MetricsTap.stage(), FRAMES, FRAMES),
  ofStage('EventMap', () => EventMap.stage((event) => event), EVENTS, EVENTS),
  {
    name: 'WatermarkBuffer',
    create: () => new WatermarkBuffer<unknown>({ highWaterMark: 1 }),
    items: FRAMES,
    results: FRAMES,
  },
]
