/** Fields of a process warning besides its message. */
export interface WarningDetails {
  /** Stable code, for filters. */
  code: string
  /** Shown below the message. */
  detail: string
  cause?: unknown
}

/**
 * Emits a process warning, which programs can listen to. Returns whether the runtime supports them (Node, Deno and
 * Bun do). Never writes to the console itself.
 */
export function emitWarning(message: string, { code, detail, cause }: WarningDetails): boolean {
  const { process } = globalThis as { process?: { emitWarning?: (warning: Error) => void } }
  if (typeof process?.emitWarning !== 'function') return false
  const warning = cause === undefined ? new Error(message) : new Error(message, { cause })
  warning.name = 'SseKitWarning'
  // Node prints name, message, code and detail, but not the stack, which would only show this function.
  process.emitWarning(Object.assign(warning, { code, detail }))
  return true
}
