import type { MetricFamily, NumberFamily } from './metric-family.ts'
import type { RouteMetrics } from './route-metrics.ts'

const NUMBERS: readonly (Omit<NumberFamily, 'samples'> & {
  read: (route: RouteMetrics) => number
})[] = [
  {
    name: 'sse_streams_active',
    type: 'gauge',
    help: 'Requests that have come in and are not over.',
    read: (route) => route.active,
  },
  {
    name: 'sse_events_total',
    type: 'counter',
    help: 'Events that reached the proxy; comments and heartbeats do not count.',
    read: (route) => route.events,
  },
  {
    name: 'sse_received_bytes_total',
    type: 'counter',
    help: 'Bytes of the bodies taken from upstreams, after decompression.',
    read: (route) => route.bytesIn,
  },
  {
    name: 'sse_sent_bytes_total',
    type: 'counter',
    help: 'Bytes of the bodies handed to clients, heartbeats included.',
    read: (route) => route.bytesOut,
  },
  {
    name: 'sse_heartbeats_total',
    type: 'counter',
    help: 'Heartbeats sent to clients.',
    read: (route) => route.heartbeats,
  },
  {
    name: 'sse_backpressure_pauses_total',
    type: 'counter',
    help: 'Times an upstream was held back because its client was slow.',
    read: (route) => route.pauses,
  },
  {
    name: 'sse_backpressure_pause_seconds_total',
    type: 'counter',
    help: 'Time that upstreams were held back because their clients were slow.',
    read: (route) => route.pausedSeconds,
  },
]

const HISTOGRAMS = [
  {
    name: 'sse_time_to_first_event_seconds',
    help: 'Time from the request to the first event of an event stream.',
    read: (route: RouteMetrics) => route.firstEventSeconds,
  },
  {
    name: 'sse_event_gap_seconds',
    help: 'Waits between arrivals of events within a stream, exact to 6 percent.',
    read: (route: RouteMetrics) => route.gapSeconds,
  },
  {
    name: 'sse_stream_duration_seconds',
    help: 'Time from the request to the end of an event stream.',
    read: (route: RouteMetrics) => route.durationSeconds,
  },
] as const

/** What is held over all streams, and what may be: a `Budget` has this shape. */
export interface HeldBytes {
  readonly heldBytes: number
  readonly maxBytes: number
}

/** Lists every metric of these routes; each name stands here and nowhere else. */
export function metricFamilies(
  routes: readonly RouteMetrics[],
  budget: HeldBytes | undefined,
): MetricFamily[] {
  return [
    ...NUMBERS.map(
      ({ name, type, help, read }): MetricFamily => ({
        name,
        type,
        help,
        samples: routes.map((route) => ({ labels: route.labels, value: read(route) })),
      }),
    ),
    streamsTotal(routes),
    timeoutsTotal(routes),
    ...HISTOGRAMS.map(
      ({ name, help, read }): MetricFamily => ({
        name,
        type: 'histogram',
        help,
        samples: routes.map((route) => ({ labels: route.labels, value: read(route).value() })),
      }),
    ),
    ...(budget === undefined ? [] : heldBytes(budget)),
  ]
}

function heldBytes(budget: HeldBytes): NumberFamily[] {
  return [
    {
      name: 'sse_held_bytes',
      type: 'gauge',
      help: 'Bytes held for slow clients over all streams of the budget.',
      samples: [{ labels: {}, value: budget.heldBytes }],
    },
    {
      name: 'sse_held_bytes_limit',
      type: 'gauge',
      help: 'Bytes that may be held before the fullest streams are paused.',
      samples: [{ labels: {}, value: budget.maxBytes }],
    },
  ]
}

function streamsTotal(routes: readonly RouteMetrics[]): NumberFamily {
  const samples: NumberFamily['samples'] = []
  for (const route of routes) {
    route.ended.forEach((verdict, statusClass, value) => {
      samples.push({ labels: { ...route.labels, verdict, status_class: statusClass }, value })
    })
  }
  return {
    name: 'sse_streams_total',
    type: 'counter',
    help: 'Requests that are over, by how they ended and by the status that was sent.',
    samples,
  }
}

function timeoutsTotal(routes: readonly RouteMetrics[]): NumberFamily {
  const samples: NumberFamily['samples'] = []
  for (const route of routes) {
    route.timeouts.forEach((phase, value) => {
      samples.push({ labels: { ...route.labels, phase }, value })
    })
  }
  return {
    name: 'sse_timeouts_total',
    type: 'counter',
    help: 'Requests that ended because something took too long, by what that was.',
    samples,
  }
}
