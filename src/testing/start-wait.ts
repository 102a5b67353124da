import { startDeadline } from '../base/deadline.ts'

/** A wait that has begun. */
export interface Wait {
  /** Resolves when the time is over, or the wait has been stopped. */
  readonly over: Promise<void>
  /** Ends the wait now; its timer is gone. */
  stop(): void
}

/** Starts to wait for so many milliseconds; with `Infinity` only `stop` ends it. */
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
