/**
 * How a stream ended, from its reader's point of view:
 * - `complete`: without an error; for an event stream at an event boundary, or after comment lines that follow one
 * - `truncated`: without an error, but inside an event
 * - `cancelled`: its reader cancelled it
 * - `error`: with an error
 *
 * The `Verdict` of a proxied request uses the same words and splits `cancelled` and `error` further.
 */
export type StreamVerdict = 'complete' | 'truncated' | 'cancelled' | 'error'
