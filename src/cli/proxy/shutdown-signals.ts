import type { HostProcess } from '../host-process.ts'

const SIGNALS = { SIGINT: 130, SIGTERM: 143 } as const
/**
 * npm sends a Ctrl-C on to its child, which the terminal has told already: what comes so soon is the same wish.
 */
const SAME_PRESS_MS = 300

/** What the system asks of a program that should stop. */
export interface ShutdownSignals {
  /** Resolves at the first signal. */
  readonly first: Promise<void>
  /** Leaves signals to the system again. */
  ignore(): void
}

/** Waits for SIGINT and SIGTERM; a second one ends the process at once, with 128 and the signal's number. */
export function shutdownSignals(host: Pick<HostProcess, 'on' | 'off' | 'exit'>): ShutdownSignals {
  let firstAt: number | undefined
  let resolve: () => void = () => {}
  const first = new Promise<void>((done) => {
    resolve = done
  })
  const onSignal = (signal: keyof typeof SIGNALS): void => {
    const now = performance.now()
    if (firstAt === undefined) {
      firstAt = now
      resolve()
    } else if (now - firstAt >= SAME_PRESS_MS) {
      host.exit(SIGNALS[signal])
    }
  }
  for (const signal of Object.keys(SIGNALS)) host.on(signal, onSignal)
  return {
    first,
    ignore: () => {
      for (const signal of Object.keys(SIGNALS)) host.off(signal, onSignal)
    },
  }
}
