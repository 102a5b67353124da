/**
 * Where a {@link ReadableQueue} keeps its items: in a `ReadableStream` for anybody, or in a plain queue for a reader of this
 * package.
 */
export interface ItemQueue<Out> {
  /** Set before the first use. */
  owner: QueueOwner<Out>
  /** The sizes of the queued items together. */
  readonly queued: number
  /** Queues an item, or resolves a pending read with it. */
  enqueue(item: Out, size: number): void
  /** Takes the first of at least one item. Missing if only reads can take items, and own them. */
  shift?(): Out
  /** Called when the output is no longer open: from now on each read calls `pull`. */
  releasePull?(): void
  /** Ends an empty queue. */
  close(): void
  /** Drops the items and fails. */
  error(reason: unknown): void
}

/** What a queue calls. */
export interface QueueOwner<Out> {
  /** Whether the output accepts items. */
  readonly isOpen: boolean
  /** Called when there is demand for an item, and after one has been taken. */
  pull(): void
  /** Called when the reader cancels. */
  cancel(reason: unknown): void | Promise<void>
  /** The `[FLOW]` of an `ItemSource`. */
  flow(sink: ((item: Out) => void) | undefined): boolean
}
