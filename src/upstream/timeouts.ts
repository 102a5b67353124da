/** The limits of a proxy in milliseconds, with the defaults filled in; `Infinity` for no limit. */
export interface Timeouts {
  connectMs: number
  headersMs: number
  firstEventMs: number
  idleMs: number
  idleCounts: 'bytes' | 'events'
  totalMs: number
  clientStallMs: number
}
