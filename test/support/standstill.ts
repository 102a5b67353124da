import { vi } from 'vitest'

/** TCP's own timers (zero window probes, delayed acknowledgements) stall a running transfer for up to 200 ms. */
const EQUAL_LOOKS = 5

/**
 * Resolves to a number once it no longer changes: the sockets between two peers are full then, and the sender waits.
 * Continues until `isReady` holds too.
 */
export async function standstill(
  read: () => number,
  isReady: () => boolean = () => true,
): Promise<number> {
  let last = Number.NaN
  let equal = 0
  return await vi.waitFor(
    () => {
      const now = read()
      equal = now === last ? equal + 1 : 0
      last = now
      if (equal >= EQUAL_LOOKS && isReady()) return now
      throw new Error(`No standstill: last value ${now}, ready: ${isReady()}`)
    },
    { interval: 100, timeout: 10_000 },
  )
}
