/** One metric with all its series, in no exporter's format. */
export type MetricFamily = NumberFamily | HistogramFamily

/** A metric whose series are one number each. */
export interface NumberFamily {
  /** With the base unit and suffix that Prometheus asks for, such as `sse_sent_bytes_total`. */
  name: string
  help: string
  type: 'counter' | 'gauge'
  samples: { labels: MetricLabels; value: number }[]
}

/** A metric whose series are distributions. */
export interface HistogramFamily {
  name: string
  help: string
  type: 'histogram'
  samples: { labels: MetricLabels; value: HistogramValue }[]
}

/** What tells one series from another. */
export type MetricLabels = Readonly<Record<string, string>>

/** A distribution: how many values there were, their sum, and how many were small. */
export interface HistogramValue {
  /** For each upper bound, ascending, how many values it is not below: cumulative. */
  buckets: { upperBound: number; count: number }[]
  sum: number
  count: number
}
