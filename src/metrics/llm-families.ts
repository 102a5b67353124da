import type { DialectMetrics } from './dialect-metrics.ts'
import type { Histogram } from './histogram.ts'
import type { HistogramFamily, MetricFamily, MetricLabels, NumberFamily } from './metric-family.ts'
import type { RouteMetrics } from './route-metrics.ts'

type Sample = NumberFamily['samples'][number]

const COUNTERS: readonly {
  name: string
  help: string
  samplesOf: (figures: DialectMetrics, labels: MetricLabels) => Sample[]
}[] = [
  {
    name: 'sse_llm_tokens_total',
    help: 'Tokens, as the streams state them. Kinds overlap, so they do not add up.',
    samplesOf: ({ tokens }, labels) =>
      [...tokens].flatMap(([model, kinds]) => samplesOf(kinds, 'kind', { ...labels, model })),
  },
  {
    name: 'sse_llm_responses_total',
    help: 'Finished LLM streams, by finish reason; none if the stream stated none.',
    samplesOf: ({ finishReasons }, labels) => samplesOf(finishReasons, 'finish_reason', labels),
  },
  {
    name: 'sse_llm_errors_total',
    help: 'LLM streams with an error event of the upstream, by its type or code.',
    samplesOf: ({ errorTypes }, labels) => samplesOf(errorTypes, 'error_type', labels),
  },
]

const HISTOGRAMS: readonly {
  name: string
  help: string
  read: (figures: DialectMetrics) => Histogram
}[] = [
  {
    name: 'sse_llm_time_to_first_content_seconds',
    help: 'Time from the request to the first output of the model.',
    read: (figures) => figures.firstContentSeconds,
  },
  {
    name: 'sse_llm_content_gap_seconds',
    help: 'Time between consecutive chunks with output of the model, exact to 6 percent.',
    read: (figures) => figures.contentGapSeconds,
  },
  {
    name: 'sse_llm_output_tokens_per_second',
    help: 'Output tokens per second between the first output of the model and the last.',
    read: (figures) => figures.tokensPerSecond,
  },
]

/** Returns the metrics of LLM streams that have series. */
export function llmFamilies(routes: readonly RouteMetrics[]): MetricFamily[] {
  const figures = routes.flatMap(({ labels, llm }) =>
    [...llm].map(([dialect, of]) => ({ labels: { ...labels, dialect }, of })),
  )
  const counters = COUNTERS.map(
    ({ name, help, samplesOf }): NumberFamily => ({
      name,
      type: 'counter',
      help,
      samples: figures.flatMap(({ labels, of }) => samplesOf(of, labels)),
    }),
  )
  const histograms = HISTOGRAMS.map(
    ({ name, help, read }): HistogramFamily => ({
      name,
      type: 'histogram',
      help,
      samples: figures.map(({ labels, of }) => ({ labels, value: read(of).value() })),
    }),
  )
  return [...counters, ...histograms].filter(({ samples }) => samples.length > 0)
}

function samplesOf(
  counts: ReadonlyMap<string, number>,
  label: string,
  labels: MetricLabels,
): Sample[] {
  return [...counts].map(([name, value]) => ({ labels: { ...labels, [label]: name }, value }))
}
