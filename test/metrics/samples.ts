import { type MetricFamily, prometheusText } from 'sse-stream-kit/metrics'

interface Source {
  collect(): MetricFamily[]
}

/** Every sample of an exposition, as series and value. */
export function samplesOf(registry: Source): Map<string, number> {
  const lines = prometheusText(registry)
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
  const samples = new Map<string, number>()
  for (const line of lines) {
    const cut = line.lastIndexOf(' ')
    const series = line.slice(0, cut)
    if (samples.has(series)) throw new Error(`This series is given twice: ${series}`)
    samples.set(series, Number(line.slice(cut + 1)))
  }
  return samples
}
