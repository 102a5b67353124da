import { shown } from '../base/shown.ts'

/**
 * Checks that a value is a stage, before anything is started or read.
 *
 * @throws TypeError that names the cure for a stream or a class
 */
export function checkStage(name: string, value: unknown): void {
  if (isStage(value)) return
  throw new TypeError(`${name} must be a stage: got ${kindOf(value)}${cure(value)}`)
}

function isStage(value: unknown): boolean {
  const { start, push } = (value ?? {}) as { start?: unknown; push?: unknown }
  return typeof start === 'function' && typeof push === 'function'
}

function kindOf(value: unknown): string {
  return isTransform(value) ? `the TransformStream ${classOf(value)?.name}` : shown(value)
}

/** Returns what to write instead, where that is known. */
function cure(value: unknown): string {
  const maker = typeof value === 'function' ? value : classOf(value)
  if (typeof (maker as { stage?: unknown } | undefined)?.stage === 'function') {
    return `. Use ${maker?.name}.stage(...) instead`
  }
  return isTransform(value) ? '. Use readable.pipeThrough(...) for a TransformStream' : ''
}

function isTransform(value: unknown): boolean {
  const { readable, writable } = (value ?? {}) as { readable?: unknown; writable?: unknown }
  return typeof readable === 'object' && typeof writable === 'object'
}

function classOf(value: unknown): { name: string } | undefined {
  return (value as { constructor?: { name: string } } | null | undefined)?.constructor
}
