import type { StreamSummary } from '../transforms/stream-summary.ts'

const PHASES: readonly string[] = [
  'connect',
  'headers',
  'firstEvent',
  'idle',
  'total',
  'clientStall',
  'other',
]

/** How many streams ended because something took too long, by what that was: one number each. */
export class TimeoutCounts {
  readonly #counts = new Float64Array(PHASES.length)

  add({ phase, code }: StreamSummary): void {
    const late = code === 'SSE_CLIENT_STALLED' ? 'clientStall' : phase
    if (late === undefined) return
    const index = PHASES.includes(late) ? PHASES.indexOf(late) : PHASES.length - 1
    this.#counts[index] = (this.#counts[index] as number) + 1
  }

  /** Calls back for each phase; for `other`, which no proxy of ours reports, only where it occurred. */
  forEach(callback: (phase: string, count: number) => void): void {
    for (const [index, phase] of PHASES.entries()) {
      const count = this.#counts[index] as number
      if (count > 0 || phase !== 'other') callback(phase, count)
    }
  }
}
