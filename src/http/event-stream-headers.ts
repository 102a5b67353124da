/** Headers that keep servers and intermediaries from buffering or changing an event stream. */
export const EVENT_STREAM_HEADERS = {
  'content-type': 'text/event-stream',
  // `no-transform` keeps compressing middleware from buffering events.
  'cache-control': 'no-cache, no-transform',
  // nginx buffers the whole response otherwise.
  'x-accel-buffering': 'no',
} as const
