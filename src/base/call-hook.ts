import { isThenable } from './is-thenable.ts'
import { reportError } from './report-error.ts'

/**
 * Calls a hook of the application and returns its result. An exception is reported under the hook's name and not
 * rethrown. A returned promise is not awaited; its rejection is reported likewise.
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

/** Reports the rejection of a hook's promise that is not awaited. */
export function reportRejection(name: string, promise: PromiseLike<unknown>): void {
  // Through a native promise: the `then` of a foreign one may throw.
  Promise.resolve(promise).then(undefined, (error) => reportHookError(name, error))
}

function reportHookError(name: string, error: unknown): void {
  reportError(`The hook ${name} failed; the stream was not affected`, error)
}
