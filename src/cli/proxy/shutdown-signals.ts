import type { HostProcess } from '../host-process.ts'

const SIGNALS = { SIGINT: 130, SIGTERM: 143 } as const
/** npm forwards a Ctrl-C to its child, which has received it from the terminal too: the second one is no new signal. */
const SAME_PRESS_MS = 300

/** The signals that ask a program to stop. */
export interface ShutdownSignals {
  /** Resolves at the first signal. */
  readonly first: Promise<void>
  /** Restores the system's handling of signals. */
  ignore(): void
}

/** Waits for SIGINT and SIGTERM. A second one exits at once, with 128 plus the signal's number. */
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
