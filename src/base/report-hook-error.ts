/**
 * Reports what a user's hook threw, without letting it touch the stream that called the hook.
 *
 * Goes to the runtime's own channel: `reportError` where it exists (browsers, Deno, Bun, Workers), else a
 * process warning (Node), which programs can listen to. Nothing is written to the console from here.
 */
export function reportHookError(error: unknown): void {
  const runtime = globalThis as {
    reportError?: (error: unknown) => void
    process?: { emitWarning?: (warning: Error) => void }
  }
  const emitWarning = runtime.process?.emitWarning
  if (typeof emitWarning === 'function') {
    emitWarning.call(
      runtime.process,
      new Error('A hook of the application threw while a stream went on', { cause: error }),
    )
    return
  }
  // Outside Node a hook's error is as visible as any uncaught one, yet ends nothing.
  runtime.reportError?.(error)
}
