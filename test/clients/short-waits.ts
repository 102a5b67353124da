import { AsyncLocalStorage } from 'node:async_hooks'

const running = new AsyncLocalStorage<number[]>()

/**
 * Runs a client. Its timers of 0.5 to 10 s, with which it waits between requests, fire at once. Returns their times in
 * seconds. Needs {@link shortenTimers}.
 */
export async function withShortWaits(read: () => Promise<unknown>): Promise<number[]> {
  const waits: number[] = []
  await running.run(waits, read)
  return waits
}

/** Replaces `setTimeout` for {@link withShortWaits}; returns what restores it. */
export function shortenTimers(): () => void {
  const original = globalThis.setTimeout
  const shortened = (callback: () => void, ms = 0, ...rest: []): unknown => {
    const waits = running.getStore()
    // Timers with arguments are those of Node's fetch.
    if (waits === undefined || ms < 500 || ms > 10_000 || rest.length > 0)
      return original(callback, ms, ...rest)
    waits.push(ms / 1000)
    return original(callback, 0)
  }
  globalThis.setTimeout = Object.assign(shortened, original) as typeof setTimeout
  return () => {
    globalThis.setTimeout = original
  }
}
