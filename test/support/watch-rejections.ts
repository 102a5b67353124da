import { afterEach, beforeEach, expect } from 'vitest'
import { settled } from './settled.ts'

/** Fails each test of the file that leaves a rejection unhandled. */
export function watchRejections(): void {
  const rejections: unknown[] = []
  const onRejection = (reason: unknown): void => {
    rejections.push(reason)
  }
  beforeEach(() => {
    rejections.length = 0
    process.on('unhandledRejection', onRejection)
  })
  afterEach(async () => {
    await settled()
    process.off('unhandledRejection', onRejection)
    expect(rejections, 'unhandled rejections').toEqual([])
  })
}
