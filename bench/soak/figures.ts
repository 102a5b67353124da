import type { SoakReport } from './soak.ts'

/** The figures of a soak as a table. */
export function figures({ tally, seconds, ...report }: SoakReport): string {
  const rows: [string, string][] = [
    ['streams', whole(tally.streams)],
    ['seconds', seconds.toFixed(0)],
    ['routes', counts(tally.byRoute)],
    ['what happened to them', counts(tally.byScenario)],
    ['verdicts', counts(tally.byVerdict)],
    [
      'started / ended / with other than one summary',
      `${whole(tally.started)} / ${whole(tally.ended)} / ${whole(tally.wronglySummed)}`,
    ],
    ['attempts at upstreams', whole(tally.attempts)],
    ['events relayed', whole(tally.events)],
    ['bytes received by clients, compared with those sent', whole(tally.bytes)],
    ['heartbeats', whole(tally.heartbeats)],
    ['pauses by backpressure', whole(tally.pauses)],
    [
      'heap slope, bytes a stream (bound)',
      `${report.bytesPerStream.toFixed(1)} (${report.maxBytesPerStream})`,
    ],
    [
      'sockets, timers, listeners left; warnings',
      String(report.breaches.length - tally.breaches.length),
    ],
    ['streams with a breach', whole(tally.breached)],
  ]
  return ['| | |', '| --- | --- |', ...rows.map(([name, value]) => `| ${name} | ${value} |`)].join(
    '\n',
  )
}

function counts(map: ReadonlyMap<string, number>): string {
  return [...map]
    .sort(([, a], [, b]) => b - a)
    .map(([name, count]) => `${name} ${whole(count)}`)
    .join(', ')
}

function whole(number: number): string {
  return number.toLocaleString('en-US')
}
