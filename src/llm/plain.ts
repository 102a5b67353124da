import { encodeEvent } from '../wire/encode-event.ts'
import type { Dialect } from './dialect.ts'

/** An event stream of no known API: it is complete where it ends at an event boundary. */
export const plain: Dialect = {
  name: 'plain',
  heartbeat: 'comment',
  matchesPath: () => false,
  recognizes: () => false,
  triage: () => 'skip',
  read: () => ({}),
  parts: () => [],
  errorFrame({ code, message, type, lateStatus: status, retryAfter }) {
    const error = { message, type, param: null, code, status, retry_after: retryAfter }
    return encodeEvent({ data: JSON.stringify({ error }) })
  },
}
