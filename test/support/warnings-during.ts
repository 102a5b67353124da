import { settled } from './settled.ts'

/** Returns the process warnings that an action causes, without printing them. */
export async function warningsDuring(action: () => void | Promise<void>): Promise<Error[]> {
  const warnings: Error[] = []
  const onWarning = (warning: Error): void => {
    warnings.push(warning)
  }
  const printers = process.listeners('warning')
  process.removeAllListeners('warning')
  process.on('warning', onWarning)
  try {
    await action()
    await settled()
  } finally {
    process.off('warning', onWarning)
    for (const printer of printers) process.on('warning', printer)
  }
  return warnings
}
