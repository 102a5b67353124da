/** One metric with all its series, independent of the exporter. */
export type MetricFamily = NumberFamily | HistogramFamily

/** A metric with one number per series. */
export interface NumberFamily {
  /** With the base unit and suffix of Prometheus' conventions, such as `sse_sent_bytes_total`. */
  name: string
  help: string
  type: 'counter' | 'gauge'
  samples: { labels: MetricLabels; value: number }[]
}

/** A metric with one distribution per series. */
export interface HistogramFamily {
  name: string
  help: string
  type: 'histogram'
  samples: { labels: MetricLabels; value: HistogramValue }[]
}

/** Labels of a series. */
export type MetricLabels = Readonly<Record<string, string>>

/** A distribution: the number of values, their sum, and cumulative buckets. */
export interface HistogramValue {
  /** Cumulative: how many values are at most `upperBound`. Ascending. */
  buckets: { upperBound: number; count: number }[]
  sum: number
  count: number
}
