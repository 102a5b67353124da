import { checkFunction } from '../base/check-function.ts'
import { checkNumber } from '../base/check-number.ts'
import { checkOptions, type OptionNames } from '../base/check-options.ts'
import type { MetricsSink, StreamDetails } from '../proxy/metrics-sink.ts'
import type { StreamSummary } from '../proxy/stream-summary.ts'
import {
  ATTRIBUTES,
  type GenAiHistogram,
  HISTOGRAMS,
  OTHER_ERROR,
  operationOf,
  providerOf,
} from './gen-ai-conventions.ts'
import { isTokenCount } from './is-token-count.ts'
import { LabelValues } from './label-values.ts'

/** Attributes of a measurement. */
export type MeterAttributes = Record<string, string | number | boolean>

/** The part of OpenTelemetry's `Meter` that is used. */
export interface MeterLike {
  createHistogram(
    name: string,
    options: {
      description: string
      unit: string
      advice: { explicitBucketBoundaries: number[] }
    },
  ): { record(value: number, attributes: MeterAttributes): void }
}

/** Options of an {@link openTelemetrySink}. */
export interface OpenTelemetrySinkOptions {
  /**
   * Attributes of every measurement. They override those that all measurements have, such as
   * `gen_ai.provider.name`.
   *
   * @default none
   */
  attributes?: Readonly<MeterAttributes> | undefined
  /**
   * Maximum number of models with their own series; later ones share the model `other`. 0 for none.
   *
   * @default 50
   */
  maxModels?: number | undefined
}

const OPTIONS: OptionNames<OpenTelemetrySinkOptions> = { attributes: true, maxModels: true }
const MAX_ERROR_TYPES = 50

/**
 * Creates a sink that records each LLM request to an OpenTelemetry meter, with the names, units and buckets of the
 * conventions for generative AI.
 *
 * Covers streams of a known dialect, and other responses to requests whose path belongs to one. Depends on no
 * OpenTelemetry package.
 *
 * - Holds at most `maxModels` model names and 50 error types of upstreams.
 * - Backpressure: none. It is called only when a request ends.
 * - Cancel and error: recorded in `error.type` of the duration.
 *
 * @throws TypeError for a meter without `createHistogram`, and for unknown options
 * @throws RangeError for `maxModels` out of range
 *
 * @example Metrics for an OpenTelemetry SDK
 * ```ts
 * import { metrics } from '@opentelemetry/api'
 * import { sseProxy } from 'sse-stream-kit'
 * import { openTelemetrySink } from 'sse-stream-kit/metrics'
 *
 * const sink = openTelemetrySink(metrics.getMeter('llm-proxy'))
 * const proxy = sseProxy('https://api.openai.com', { metrics: sink })
 * ```
 * @see https://github.com/open-telemetry/semantic-conventions-genai/blob/main/docs/gen-ai/gen-ai-metrics.md
 */
export function openTelemetrySink(
  meter: MeterLike,
  options: OpenTelemetrySinkOptions = {},
): MetricsSink {
  checkFunction('meter.createHistogram', meter?.createHistogram ?? null)
  checkOptions('options of openTelemetrySink', options, OPTIONS)
  const { attributes: fixed = {}, maxModels = 50 } = options
  const models = new LabelValues(checkNumber('maxModels', maxModels, { min: 0 }))
  const errorTypes = new LabelValues(MAX_ERROR_TYPES, OTHER_ERROR)
  const histogram = ({ name, unit, description, bounds }: GenAiHistogram) =>
    meter.createHistogram(name, {
      description,
      unit,
      advice: { explicitBucketBoundaries: [...bounds] },
    })
  const tokenUsage = histogram(HISTOGRAMS.tokenUsage)
  const operationDuration = histogram(HISTOGRAMS.operationDuration)
  const timeToFirstChunk = histogram(HISTOGRAMS.timeToFirstChunk)
  const timeToFirstToken = histogram(HISTOGRAMS.timeToFirstToken)
  const timePerOutputToken = histogram(HISTOGRAMS.timePerOutputToken)

  return { streamStarted() {}, streamEnded }

  function streamEnded(summary: StreamSummary, details: StreamDetails): void {
    const { llm, durationMs, firstItemMs, firstEventMs } = summary
    const dialect = dialectOf(summary, details)
    if (dialect === 'plain') return
    const { model, usage: { inputTokens, outputTokens } = {}, firstContentMs } = llm ?? {}
    const attributes: MeterAttributes = {
      ...upstreamAttributes(dialect, details.upstreamUrl),
      ...(model !== undefined && { [ATTRIBUTES.responseModel]: models.of(model) }),
      ...fixed,
    }
    const error = errorTypeOf(summary, errorTypes)
    const ofError = error !== undefined && { [ATTRIBUTES.errorType]: error }
    operationDuration.record(durationMs / 1000, { ...attributes, ...ofError })
    recordTokens('input', inputTokens, attributes)
    recordTokens('output', outputTokens, attributes)
    // Lines of JSON are no events.
    const firstChunkMs = firstEventMs ?? (llm && firstItemMs)
    if (firstChunkMs !== undefined) timeToFirstChunk.record(firstChunkMs / 1000, attributes)
    // The conventions have these two for successful responses only.
    if (error !== undefined || firstContentMs === undefined) return
    timeToFirstToken.record(firstContentMs / 1000, attributes)
    const { contentMs } = details
    if (isTokenCount(outputTokens) && outputTokens > 1 && contentMs > 0) {
      timePerOutputToken.record(contentMs / 1000 / (outputTokens - 1), attributes)
    }
  }

  function recordTokens(
    type: 'input' | 'output',
    tokens: number | undefined,
    attributes: MeterAttributes,
  ): void {
    if (!isTokenCount(tokens)) return
    tokenUsage.record(tokens, { ...attributes, [ATTRIBUTES.tokenType]: type })
  }
}

/** The dialect of the stream, or, if that is not known, the one that the request was for. */
function dialectOf({ llm }: StreamSummary, { requestDialect }: StreamDetails): string {
  return llm === undefined || llm.dialect === 'plain' ? requestDialect : llm.dialect
}

function upstreamAttributes(dialect: string, url: URL | undefined): MeterAttributes {
  const operation = { [ATTRIBUTES.operation]: operationOf(dialect) }
  const provider = providerOf(dialect, url?.hostname ?? '')
  if (url === undefined) return { ...operation, [ATTRIBUTES.provider]: provider }
  return {
    ...operation,
    [ATTRIBUTES.provider]: provider,
    // Without the brackets that an IPv6 address has in a URL.
    [ATTRIBUTES.serverAddress]: url.hostname.replace(/^\[(.*)\]$/, '$1'),
    [ATTRIBUTES.serverPort]: Number(url.port || (url.protocol === 'https:' ? 443 : 80)),
  }
}

/** The upstream's own word comes first: the other errors are its consequences. Only its words are unbounded. */
function errorTypeOf(
  { llm, code, status, verdict }: StreamSummary,
  upstreamTypes: LabelValues,
): string | undefined {
  if (llm?.upstreamErrorType !== undefined) return upstreamTypes.of(llm.upstreamErrorType)
  if (code !== undefined) return code
  if (status >= 400) return String(status)
  return verdict === 'complete' ? undefined : verdict
}
