import { settled } from './settled.ts'

/** The process warnings that something causes, which are not printed meanwhile. */
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
