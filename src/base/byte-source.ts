import type { ReadResult } from './read-result.ts'

/** The name of the method that starts and stops flowing mode. */
export const FLOW: unique symbol = Symbol('sse-stream-kit.flow')

/** The reader of an {@link ItemSource}. */
export interface ItemReader<T> {
  /** Gives the next item, for one caller at a time. The item is the caller's own. */
  read(): Promise<ReadResult<T>>
  /** Ends the source: what it holds is dropped. */
  cancel(reason?: unknown): Promise<void>
  /** Settles at the end of the source, when all of it has been taken. */
  readonly closed?: Promise<unknown> | undefined
  /** Gives the source back to others, where it has no reader of its own kind. */
  releaseLock?(): void
}

/** What is read like a `ReadableStream`: a stream itself, or a lighter thing with the same reader. */
export interface ItemSource<T> {
  /** @throws TypeError if the source has a reader already */
  getReader(): ItemReader<T>
  /**
   * Starts flowing mode, in which each item is passed to `sink` by a call instead of resolving a `read()`: behind a
   * Node server that saves about a tenth of the CPU time of an event. `undefined` stops it.
   *
   * For whoever holds the reader, who learns of the end from `closed`. Items that wait in the source may be passed
   * inside of this call. An item may share its memory with others: the sink may keep it, but neither change nor
   * transfer it.
   *
   * Returns false, and does nothing, where the next item or the end has to be read.
   */
  [FLOW]?(sink: ((item: T) => void) | undefined): boolean
}

/** The body of an answer. */
export interface ByteSource extends ItemSource<Uint8Array> {
  /** Ends the source, which has no reader. */
  cancel(reason?: unknown): Promise<void>
}
