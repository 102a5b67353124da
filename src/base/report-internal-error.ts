import { reportError } from './report-error.ts'
import type { SseKitError } from './sse-kit-error.ts'

/** Reports an `SSE_INTERNAL` error through the runtime's own channel; other errors have been told already. */
export function reportInternalError(error: SseKitError): void {
  if (error.code === 'SSE_INTERNAL') reportError(error.message, error)
}
