/** How much of a stream is held at most, and how to stop reading it. */
export interface CollectOptions {
  /** The most bytes to collect; `Infinity` for no limit. @default 67_108_864 (64 MiB) */
  maxBytes?: number | undefined
  /** Cancels the source when it aborts, with the signal's reason; what had come by then is given. */
  signal?: AbortSignal | undefined
}
