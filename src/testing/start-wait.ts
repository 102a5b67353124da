import { startDeadline } from '../base/deadline.ts'

/** A running wait. */
export interface Wait {
  /** Resolves when the time has passed or the wait was stopped. */
  readonly over: Promise<void>
  /** Ends the wait and clears its timer. */
  stop(): void
}

/** Starts a wait of `waitMs` milliseconds; with `Infinity` only `stop` ends it. */
export function startWait(waitMs: number): Wait {
  let stop = (): void => {}
  const over = new Promise<void>((resolve) => {
    const timer = startDeadline(waitMs, resolve)
    stop = () => {
      clearTimeout(timer)
      resolve()
    }
  })
  return { over, stop }
}
