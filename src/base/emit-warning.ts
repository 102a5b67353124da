/** What a process warning says besides its message. */
export interface WarningDetails {
  /** Stable, to filter warnings by. */
  code: string
  /** Shown below the message. */
  detail: string
  cause?: unknown
}

/**
 * Emits a process warning, which programs can listen to, and returns whether the runtime has such warnings
 * (Node, Deno and Bun do). Nothing is written to the console from here.
 */
export function emitWarning(message: string, { code, detail, cause }: WarningDetails): boolean {
  const { process } = globalThis as { process?: { emitWarning?: (warning: Error) => void } }
  if (typeof process?.emitWarning !== 'function') return false
  const warning = cause === undefined ? new Error(message) : new Error(message, { cause })
  warning.name = 'SseKitWarning'
  // What Node shows is the name, the message, the code and the detail; the stack of this place helps nobody.
  process.emitWarning(Object.assign(warning, { code, detail }))
  return true
}
