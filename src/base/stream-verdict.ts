/**
 * How a stream ended, seen by whoever reads it:
 * - `complete`: without an error; for an event stream at an event boundary, or behind comment lines that follow one
 * - `truncated`: without an error, but inside an event
 * - `cancelled`: its reader cancelled it
 * - `error`: with an error
 *
 * The verdict of a proxied request uses the same words and tells `cancelled` and `error` apart further.
 */
export type StreamVerdict = 'complete' | 'truncated' | 'cancelled' | 'error'
