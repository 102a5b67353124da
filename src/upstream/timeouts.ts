/** How long what may take in milliseconds, with the defaults in place; `Infinity` for no limit. */
export interface Timeouts {
  connectMs: number
  headersMs: number
  firstEventMs: number
  idleMs: number
  idleCounts: 'bytes' | 'events'
  totalMs: number
  clientStallMs: number
}
