import { isThenable } from './is-thenable.ts'
import { reportError } from './report-error.ts'

/**
 * Calls a hook of the application and returns what it returns. What it throws is reported under its name and
 * goes no further; so does the rejection of a promise that it returns, which is not waited for.
 */
export function callHook<T>(name: string, hook: () => T): T | undefined {
  try {
    const returned = hook()
    if (isThenable(returned)) reportRejection(name, returned)
    return returned
  } catch (error) {
    reportHookError(name, error)
    return
  }
}

/** Reports the rejection of a promise that a hook returned and that nobody waits for. */
export function reportRejection(name: string, promise: PromiseLike<unknown>): void {
  // By way of a promise of our own: a `then` of somebody else's may throw.
  Promise.resolve(promise).then(undefined, (error) => reportHookError(name, error))
}

function reportHookError(name: string, error: unknown): void {
  reportError(`The hook ${name} failed; the stream was not affected`, error)
}
