/** Rounds milliseconds to microseconds: further digits are noise in a logged summary. */
export function roundMs(durationMs: number): number {
  return Math.round(durationMs * 1000) / 1000
}
