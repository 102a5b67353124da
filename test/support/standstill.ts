import { vi } from 'vitest'

/**
 * Resolves to a number once it has not changed between two looks: the sockets between two peers are full then,
 * and the sender waits. Looks again until `isReady` holds.
 */
export async function standstill(
  read: () => number,
  isReady: () => boolean = () => true,
): Promise<number> {
  let before = Number.NaN
  return await vi.waitFor(
    () => {
      const now = read()
      const isStill = now === before
      before = now
      if (isStill && isReady()) return now
      throw new Error(`No standstill: the last value was ${now}, ready: ${isReady()}`)
    },
    { interval: 100, timeout: 10_000 },
  )
}
