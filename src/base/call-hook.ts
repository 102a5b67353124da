import { reportHookError } from './report-hook-error.ts'

/**
 * Calls a hook of the application and returns what it returns; what it throws is reported, and goes no further.
 */
export function callHook<T>(hook: () => T): T | undefined {
  try {
    return hook()
  } catch (error) {
    reportHookError(error)
    return
  }
}
