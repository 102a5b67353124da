/** Node turns a longer delay into one of 1 ms. */
const MAX_DELAY_MS = 2 ** 31 - 1

/**
 * Calls back once after a delay in milliseconds. 0 and below: at once. `Infinity`: never, without a timer. Delays
 * above 24.8 days are clamped to that.
 *
 * Returns the timer for `clearTimeout`.
 */
export function startDeadline(
  delayMs: number,
  onDue: () => void,
): ReturnType<typeof setTimeout> | undefined {
  if (delayMs === Infinity) return
  return setTimeout(onDue, Math.min(Math.max(delayMs, 0), MAX_DELAY_MS))
}
