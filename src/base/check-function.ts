import { shown } from './shown.ts'

/** @throws TypeError that names the option, unless the value is a function or `undefined` */
export function checkFunction(name: string, value: unknown): void {
  if (value === undefined || typeof value === 'function') return
  throw new TypeError(`${name} must be a function: got ${shown(value)}`)
}
