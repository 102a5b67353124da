/** The side of a driver where items come from: the reader of a source, or the writable side of a transform. */
export interface Intake {
  /** Called when the output accepts items, for the first time or again after it was full. */
  open(wasFull: boolean): void
  /** Called when the output has become full. */
  full(): void
  /** Ends the source: the stream was cancelled, or a stage failed. */
  cancel(reason: unknown): void | Promise<void>
}
