import { settled } from './settled.ts'

/** The process warnings that something causes. */
export async function warningsDuring(action: () => void | Promise<void>): Promise<Error[]> {
  const warnings: Error[] = []
  const onWarning = (warning: Error): void => {
    warnings.push(warning)
  }
  process.on('warning', onWarning)
  try {
    await action()
    await settled()
  } finally {
    process.off('warning', onWarning)
  }
  return warnings
}
