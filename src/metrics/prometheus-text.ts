import type { HistogramValue, MetricFamily, MetricLabels } from './metric-family.ts'

/**
 * Formats metrics in Prometheus' text format, version 0.0.4.
 *
 * @example What a scrape gets
 * ```ts
 * import { prometheusText, StreamRegistry } from 'sse-stream-kit/metrics'
 *
 * const registry = new StreamRegistry()
 * console.log(prometheusText(registry))
 * ```
 * @see https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format
 */
export function prometheusText(source: { collect(): MetricFamily[] }): string {
  const lines: string[] = []
  for (const family of source.collect()) {
    const { name, type } = family
    lines.push(`# HELP ${name} ${escapeHelp(family.help)}`, `# TYPE ${name} ${type}`)
    if (family.type === 'histogram') {
      for (const { labels, value } of family.samples) pushHistogram(lines, name, labels, value)
    } else {
      for (const { labels, value } of family.samples) lines.push(line(name, labels, value))
    }
  }
  // "The last line must end with a line feed character."
  return `${lines.join('\n')}\n`
}

function pushHistogram(
  lines: string[],
  name: string,
  labels: MetricLabels,
  { buckets, sum, count }: HistogramValue,
): void {
  for (const bucket of buckets) {
    lines.push(line(`${name}_bucket`, { ...labels, le: number(bucket.upperBound) }, bucket.count))
  }
  // "A histogram must have a bucket with {le="+Inf"}. Its value must be identical to the value of x_count."
  lines.push(
    line(`${name}_bucket`, { ...labels, le: '+Inf' }, count),
    line(`${name}_sum`, labels, sum),
    line(`${name}_count`, labels, count),
  )
}

function line(name: string, labels: MetricLabels, value: number): string {
  const pairs = Object.entries(labels).map(([label, text]) => `${label}="${escapeLabel(text)}"`)
  return `${name}${pairs.length > 0 ? `{${pairs.join(',')}}` : ''} ${number(value)}`
}

function number(value: number): string {
  if (value === Infinity) return '+Inf'
  return value === -Infinity ? '-Inf' : String(value)
}

function escapeHelp(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')
}

function escapeLabel(text: string): string {
  return escapeHelp(text).replaceAll('"', '\\"')
}
