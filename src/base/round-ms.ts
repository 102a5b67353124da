/** Rounds milliseconds to microseconds: a summary is logged as it is, and further digits are noise. */
export function roundMs(durationMs: number): number {
  return Math.round(durationMs * 1000) / 1000
}
