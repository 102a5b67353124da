import { reportRejection } from './call-hook.ts'
import { isThenable } from './is-thenable.ts'

/**
 * Returns what a synchronous function of the application returned.
 *
 * @throws TypeError for a promise, with the cure; its rejection, which would otherwise end the process, is reported
 */
export function checkSync<T>(name: string, returned: T, cure = ''): T {
  if (!isThenable(returned)) return returned
  reportRejection(name, returned)
  throw new TypeError(`${name} must be synchronous: got a promise${cure}`)
}
