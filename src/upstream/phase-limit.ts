import type { TimeoutPhase } from '../base/upstream-timeout-error.ts'

/** What a wait for an upstream is limited by. */
export interface PhaseLimit {
  phase: TimeoutPhase
  timeoutMs: number
  leftMs: number
}

/** The limit of a phase that begins now, or that of the whole request, whichever comes first. */
export function phaseLimit(
  phase: TimeoutPhase,
  timeoutMs: number,
  requestedAt: number,
  { totalMs }: { totalMs: number },
): PhaseLimit {
  const totalLeftMs = requestedAt + totalMs - performance.now()
  return totalLeftMs < timeoutMs
    ? { phase: 'total', timeoutMs: totalMs, leftMs: totalLeftMs }
    : { phase, timeoutMs, leftMs: timeoutMs }
}
