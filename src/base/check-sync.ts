import { reportRejection } from './call-hook.ts'
import { isThenable } from './is-thenable.ts'

/**
 * Returns the result of a function of the application that must be synchronous.
 *
 * @throws TypeError for a promise, with the cure. Its rejection is reported, or it would end the process.
 */
export function checkSync<T>(name: string, returned: T, cure = ''): T {
  if (!isThenable(returned)) return returned
  reportRejection(name, returned)
  throw new TypeError(`${name} must be synchronous: got a promise${cure}`)
}
