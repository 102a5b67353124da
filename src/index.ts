export type { ItemReader, ItemSource } from './base/byte-source.ts'
export { CircuitOpenError } from './base/circuit-open-error.ts'
export { ClientStalledError } from './base/client-stalled-error.ts'
export type { IterableStream } from './base/iterable-stream.ts'
export type { ReadResult } from './base/read-result.ts'
export { SseKitError, type SseKitErrorCode } from './base/sse-kit-error.ts'
export { SseLimitError } from './base/sse-limit-error.ts'
export type { StreamVerdict } from './base/stream-verdict.ts'
export { UpstreamNetworkError } from './base/upstream-network-error.ts'
export { type TimeoutPhase, UpstreamTimeoutError } from './base/upstream-timeout-error.ts'
export type { Verdict } from './base/verdict.ts'
export type { ForwardedOptions } from './http/forwarded-headers.ts'
export type { HeadersLike } from './http/header-changes.ts'
export { isCredentialHeader } from './http/header-kinds.ts'
export type { PathFunction, PathRules } from './http/path-rules.ts'
export { Budget, type BudgetOptions } from './pipeline/budget.ts'
export { relay } from './pipeline/relay.ts'
export type { RelayOptions } from './pipeline/relay-options.ts'
export type { Stage, StageOutcome, StageOutput } from './pipeline/stage.ts'
export type { ObservedOutput, StageObserver } from './pipeline/stage-observer.ts'
export { StageStream, type StageStreamOptions } from './pipeline/stage-stream.ts'
export type { ByteWatermarks, Watermarks } from './pipeline/watermarks.ts'
export type { CloseOptions, SseProxy } from './proxy/create-proxy.ts'
export type { ProxyFetchOptions } from './proxy/fetch-through.ts'
export type { MetricsSink, StreamDetails } from './proxy/metrics-sink.ts'
export type { ProxyMetrics } from './proxy/proxy-counters.ts'
export { proxyFetch } from './proxy/proxy-fetch.ts'
export type {
  ProxyOptions,
  RetryOptions,
  StatusRule,
  TimeoutOptions,
  Upstream,
  UpstreamOptions,
  Upstreams,
} from './proxy/proxy-options.ts'
export { sseProxy } from './proxy/sse-proxy.ts'
export type { EndContext, StreamSummary } from './proxy/stream-summary.ts'
export {
  EventMap,
  type EventMapper,
  type EventMapStage,
  type Mapped,
} from './transforms/event-map.ts'
export type { EventTransform } from './transforms/event-rewriter.ts'
export type { GapDistribution } from './transforms/gap-histogram.ts'
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
export type { DispatcherLike } from './transport/undici-transport.ts'
export type { UpstreamPoolOptions, UpstreamTlsOptions } from './transport/upstream-pool.ts'
export {
  type CallPolicy,
  CircuitBreaker,
  type CircuitBreakerOptions,
} from './upstream/circuit-breaker.ts'
export type { RetryDelayOptions } from './upstream/retry-delay.ts'
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
