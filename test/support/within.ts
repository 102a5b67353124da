/** The real timers, also in tests with fake timers. */
const { setTimeout: startTimer, clearTimeout: stopTimer } = globalThis

/** Shorter than a test's own time limit, whose error does not name a cause. */
const WAIT_MS = 10_000

/** Settles as the promise does, or rejects with the name of what was awaited if that takes too long. */
export async function within<T>(
  awaited: string | (() => string),
  promise: PromiseLike<T>,
): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = startTimer(() => {
      const name = typeof awaited === 'string' ? awaited : awaited()
      reject(new Error(`Did not happen within ${WAIT_MS} ms: ${name}`))
    }, WAIT_MS)
  })
  try {
    return await Promise.race([promise, late])
  } finally {
    stopTimer(timer)
  }
}
