export type { Verdict } from './base/verdict.ts'
export { type HealthReport, healthHandler } from './metrics/health-handler.ts'
export type { HeldBytes } from './metrics/metric-families.ts'
export type {
  HistogramFamily,
  HistogramValue,
  MetricFamily,
  MetricLabels,
  NumberFamily,
} from './metrics/metric-family.ts'
export { metricsHandler } from './metrics/metrics-handler.ts'
export {
  type MeterAttributes,
  type MeterLike,
  type OpenTelemetrySinkOptions,
  openTelemetrySink,
} from './metrics/opentelemetry.ts'
export { prometheusText } from './metrics/prometheus-text.ts'
export { StreamRegistry, type StreamRegistryOptions } from './metrics/stream-registry.ts'
export type { MetricsSink, StreamDetails } from './proxy/metrics-sink.ts'
export type { StreamSummary } from './proxy/stream-summary.ts'
export type { GapDistribution } from './transforms/gap-histogram.ts'
