import { shown } from '../base/shown.ts'
import { checkStage } from './check-stage.ts'

/** @throws TypeError for what is not the source of a relay, or not its stages or observers, before any is touched */
export function checkRelay(source: unknown, stages: unknown, observers: unknown): void {
  checkSource(source)
  checkStages(stages)
  checkObservers(observers)
}

function checkSource(source: unknown): void {
  const { getReader, body } = (source ?? {}) as { getReader?: unknown; body?: unknown }
  if (typeof getReader === 'function') return
  const cure = body === undefined ? '' : '. Pass its body'
  throw new TypeError(
    `relay() needs a ReadableStream as its first argument: got ${shown(source)}${cure}`,
  )
}

function checkStages(stages: unknown): void {
  if (!Array.isArray(stages)) {
    throw new TypeError(
      `relay() needs an array of stages as its second argument: got ${shown(stages)}`,
    )
  }
  for (const [index, stage] of stages.entries()) checkStage(`stages[${index}]`, stage)
}

function checkObservers(observers: unknown): void {
  if (!Array.isArray(observers)) {
    throw new TypeError(`observers must be an array: got ${shown(observers)}`)
  }
  for (const [index, observer] of observers.entries()) {
    const { start } = (observer ?? {}) as { start?: unknown }
    if (typeof start === 'function') continue
    throw new TypeError(
      `observers[${index}] must be an object with a start method: got ${shown(observer)}`,
    )
  }
}
