/**
 * How a stream ended, decided exactly once:
 * - `complete`: to its end, and the end was an event boundary
 * - `truncated`: the upstream ended it cleanly, but inside an event
 * - `client_gone`: the client left, or took nothing for too long
 * - `upstream_error`: the upstream could not be reached, or its connection broke
 * - `timeout`: the upstream took too long; `phase` says at what
 * - `too_large`: an event was over its limit
 * - `error`: a function of the application threw, the request was refused, or the proxy was closed
 */
export type Verdict =
  | 'complete'
  | 'truncated'
  | 'client_gone'
  | 'upstream_error'
  | 'timeout'
  | 'too_large'
  | 'error'
