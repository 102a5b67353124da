/** The bound of what is held, and a signal to stop reading. */
export interface CollectOptions {
  /** Maximum bytes to collect; `Infinity` for no limit. @default 67_108_864 (64 MiB) */
  maxBytes?: number | undefined
  /** Cancels the source with the signal's reason when it aborts; the result has what had arrived by then. @default none */
  signal?: AbortSignal | undefined
}
