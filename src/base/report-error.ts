import { emitWarning } from './emit-warning.ts'

/** Maximum number of causes to print. */
const MAX_CAUSES = 4

/**
 * Reports an error of the application that no caller can catch.
 *
 * Uses the runtime's own channel: a process warning with the stack as its detail (Node, Deno, Bun), else
 * `reportError` (browsers, Workers). Never writes to the console itself.
 */
export function reportError(message: string, error: unknown, code = 'SSE_HOOK'): void {
  if (emitWarning(message, { code, detail: shown(error), cause: error })) return
  const runtime = globalThis as { reportError?: (error: unknown) => void }
  runtime.reportError?.(new Error(message, { cause: error }))
}

/** Returns the stacks of an error and its causes. */
function shown(error: unknown): string {
  const parts: string[] = []
  let current = error
  do {
    parts.push(stackOf(current))
    current = causeOf(current)
  } while (current !== undefined && parts.length <= MAX_CAUSES)
  return parts.join('\ncaused by: ')
}

function causeOf(error: unknown): unknown {
  // Not instanceof: errors from other realms have causes too.
  return typeof error === 'object' && error !== null && 'cause' in error ? error.cause : undefined
}

function stackOf(error: unknown): string {
  try {
    const { stack } = (error ?? {}) as { stack?: unknown }
    return typeof stack === 'string' && stack !== '' ? stack : String(error)
  } catch {
    return 'a value that cannot be shown'
  }
}
