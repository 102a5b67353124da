export type { ItemReader, ItemSource } from './base/byte-source.ts'
export type { IterableStream } from './base/iterable-stream.ts'
export type { ReadResult } from './base/read-result.ts'
export { SseKitError, type SseKitErrorCode } from './base/sse-kit-error.ts'
export { SseLimitError } from './base/sse-limit-error.ts'
export type { StreamVerdict } from './base/stream-verdict.ts'
export { Budget, type BudgetOptions } from './pipeline/budget.ts'
export { relay } from './pipeline/relay.ts'
export type { RelayOptions } from './pipeline/relay-options.ts'
export type { Stage, StageOutcome, StageOutput } from './pipeline/stage.ts'
export type { ObservedOutput, StageObserver } from './pipeline/stage-observer.ts'
export { StageStream, type StageStreamOptions } from './pipeline/stage-stream.ts'
export type { ByteWatermarks, Watermarks } from './pipeline/watermarks.ts'
export {
  EventMap,
  type EventMapper,
  type EventMapStage,
  type Mapped,
} from './transforms/event-map.ts'
export { HeartbeatInjector, type HeartbeatInjectorStage } from './transforms/heartbeat-injector.ts'
export type { HeartbeatInjectorOptions } from './transforms/heartbeat-plan.ts'
export {
  MetricsTap,
  type MetricsTapOptions,
  type MetricsTapStage,
  type TapSummary,
} from './transforms/metrics-tap.ts'
export {
  type SseResponseInit,
  type SseResponseSource,
  sseResponse,
} from './transforms/sse-response.ts'
export { WatermarkBuffer, type WatermarkBufferOptions } from './transforms/watermark-buffer.ts'
export {
  type EncodableSse,
  encodeEvent,
  type SseComment,
  type SseRetry,
} from './wire/encode-event.ts'
export {
  FrameSplitter,
  type FrameSplitterOptions,
  type FrameSplitterStage,
} from './wire/frame-splitter.ts'
export { SseDecoder, type SseDecoderOptions, type SseDecoderStage } from './wire/sse-decoder.ts'
export { SseEncoder, type SseEncoderStage } from './wire/sse-encoder.ts'
export type { DecodedSseEvent, SseEvent } from './wire/sse-event.ts'
