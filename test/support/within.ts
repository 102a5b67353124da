/** The real clock, also where a test has faked it. */
const { setTimeout: startTimer, clearTimeout: stopTimer } = globalThis

/** Shorter than a test's own time limit, whose error names no cause. */
const WAIT_MS = 10_000

/** Settles as the promise does; rejects with a name for what did not happen if that takes too long. */
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
