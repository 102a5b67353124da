import { llmFamilies } from './llm-families.ts'
import type { MetricFamily, NumberFamily } from './metric-family.ts'
import type { RouteMetrics } from './route-metrics.ts'

const NUMBERS: readonly (Omit<NumberFamily, 'samples'> & {
  read: (route: RouteMetrics) => number
})[] = [
  {
    name: 'sse_streams_active',
    type: 'gauge',
    help: 'Requests in progress.',
    read: (route) => route.active,
  },
  {
    name: 'sse_events_total',
    type: 'counter',
    help: 'Events received from upstreams, without comments and heartbeats.',
    read: (route) => route.events,
  },
  {
    name: 'sse_received_bytes_total',
    type: 'counter',
    help: 'Body bytes received from upstreams, after decompression.',
    read: (route) => route.bytesIn,
  },
  {
    name: 'sse_sent_bytes_total',
    type: 'counter',
    help: 'Body bytes sent to clients, including heartbeats.',
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
    help: 'Times that an upstream was paused because its client was slow.',
    read: (route) => route.pauses,
  },
  {
    name: 'sse_backpressure_pause_seconds_total',
    type: 'counter',
    help: 'Time that upstreams were paused because their clients were slow.',
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
    help: 'Time between consecutive events of a stream, exact to 6 percent.',
    read: (route: RouteMetrics) => route.gapSeconds,
  },
  {
    name: 'sse_stream_duration_seconds',
    help: 'Time from the request to the end of an event stream.',
    read: (route: RouteMetrics) => route.durationSeconds,
  },
] as const

/** Bytes buffered over all streams, and their limit. A `Budget` has this shape. */
export interface HeldBytes {
  readonly heldBytes: number
  readonly maxBytes: number
}

/** Returns every metric of these routes. */
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
    ...llmFamilies(routes),
    ...(budget === undefined ? [] : heldBytes(budget)),
  ]
}

function heldBytes(budget: HeldBytes): NumberFamily[] {
  return [
    {
      name: 'sse_held_bytes',
      type: 'gauge',
      help: 'Bytes buffered for slow clients over all streams of the budget.',
      samples: [{ labels: {}, value: budget.heldBytes }],
    },
    {
      name: 'sse_held_bytes_limit',
      type: 'gauge',
      help: 'Buffered bytes above which the fullest streams are paused.',
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
    help: 'Finished requests, by verdict and by class of the status.',
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
    help: 'Requests that ended by a timeout, by the timeout.',
    samples,
  }
}
