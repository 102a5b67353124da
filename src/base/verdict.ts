/**
 * How a stream ended, decided exactly once:
 * - `complete`: without an error, at an event boundary
 * - `truncated`: the upstream ended it cleanly, but inside an event
 * - `client_gone`: the client disconnected, or read nothing for `clientStallMs`
 * - `upstream_error`: the upstream could not be reached, or its connection broke
 * - `timeout`: the upstream timed out; `phase` names the limit
 * - `too_large`: an event exceeded its size limit
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
