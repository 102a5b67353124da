import type { StreamSummary } from '../proxy/stream-summary.ts'

const PHASES: readonly string[] = [
  'connect',
  'headers',
  'first_event',
  'idle',
  'total',
  'client_stall',
  'other',
]

/** Counts the streams that ended by a timeout, by phase. */
export class TimeoutCounts {
  readonly #counts = new Float64Array(PHASES.length)

  add({ phase, code }: StreamSummary): void {
    const exceeded = code === 'SSE_CLIENT_STALLED' ? 'client_stall' : phase
    if (exceeded === undefined) return
    const index = PHASES.includes(exceeded) ? PHASES.indexOf(exceeded) : PHASES.length - 1
    this.#counts[index] = (this.#counts[index] as number) + 1
  }

  /** Calls back for each phase; for `other`, which this package never reports, only if it occurred. */
  forEach(callback: (phase: string, count: number) => void): void {
    for (const [index, phase] of PHASES.entries()) {
      const count = this.#counts[index] as number
      if (count > 0 || phase !== 'other') callback(phase, count)
    }
  }
}
