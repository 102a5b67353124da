import { FLOW, type ItemReader, type ItemSource } from '../base/byte-source.ts'
import { compact } from '../base/compact.ts'
import type { ReadResult } from '../base/read-result.ts'
import type { ItemQueue, QueueOwner } from './item-queue.ts'

/** An item that waits to be read. */
interface Queued<Out> {
  readonly item: Out
  readonly size: number
  next: Queued<Out> | undefined
}

/**
 * A queue without a `ReadableStream`, for a reader of this package: an item that is read at once costs no promise, and
 * flowing mode may start while items are queued.
 */
export class PlainQueue<Out> implements ItemQueue<Out>, ItemSource<Out>, ItemReader<Out> {
  static {
    Object.assign(PlainQueue.prototype, { [FLOW]: PlainQueue.prototype.flow })
  }

  owner!: QueueOwner<Out>
  queued = 0
  #closed: Promise<void> | undefined
  #resolveClosed: (() => void) | undefined
  #rejectClosed: ((reason: unknown) => void) | undefined
  #first: Queued<Out> | undefined
  #last: Queued<Out> | undefined
  #read: { resolve(result: ReadResult<Out>): void; reject(reason: unknown): void } | undefined
  #end: 'done' | { readonly reason: unknown } | undefined

  constructor() {
    // Asks for items as a `ReadableStream` does: before the first read, and after whoever made it is done.
    Promise.resolve().then(() => this.owner.pull())
  }

  /** Made for a reader that uses it. */
  get closed(): Promise<void> {
    const end = this.#end
    this.#closed ??= new Promise((resolve, reject) => {
      this.#resolveClosed = resolve
      this.#rejectClosed = reject
      if (end === 'done') resolve()
      else if (end !== undefined) reject(end.reason)
    })
    return this.#closed
  }

  getReader(): this {
    return this
  }

  enqueue(item: Out, size: number): void {
    const read = this.#read
    if (read !== undefined) {
      this.#read = undefined
      read.resolve(resultOf(item))
      return
    }
    const kept = item instanceof Uint8Array ? (compact(item) as Out & Uint8Array) : item
    const queued: Queued<Out> = { item: kept, size, next: undefined }
    if (this.#last === undefined) this.#first = queued
    else this.#last.next = queued
    this.#last = queued
    this.queued += size
  }

  shift(): Out {
    const { item, size, next } = this.#first as Queued<Out>
    this.#first = next
    if (next === undefined) this.#last = undefined
    this.queued -= size
    return item
  }

  read(): Promise<ReadResult<Out>> {
    if (this.#first !== undefined) {
      const result = resultOf(this.shift())
      this.owner.pull()
      return Promise.resolve(result)
    }
    if (this.#end === 'done') return Promise.resolve({ done: true, value: undefined })
    if (this.#end !== undefined) return Promise.reject(this.#end.reason)
    return new Promise((resolve, reject) => {
      this.#read = { resolve, reject }
      this.owner.pull()
    })
  }

  async cancel(reason?: unknown): Promise<void> {
    if (this.#end === 'done') return
    if (this.#end !== undefined) throw this.#end.reason
    this.#drop()
    this.close()
    await this.owner.cancel(reason)
  }

  /** The method [FLOW], under a name that declaration files support. */
  flow(sink: ((item: Out) => void) | undefined): boolean {
    return this.owner.flow(sink)
  }

  close(): void {
    this.#end = 'done'
    this.#resolveClosed?.()
    this.#read?.resolve({ done: true, value: undefined })
    this.#read = undefined
  }

  error(reason: unknown): void {
    this.#drop()
    this.#end = { reason }
    this.#rejectClosed?.(reason)
    this.#read?.reject(reason)
    this.#read = undefined
  }

  #drop(): void {
    this.#first = undefined
    this.#last = undefined
    this.queued = 0
  }
}

/** Copies bytes, because queued ones may share memory, and the reader may transfer them. */
function resultOf<Out>(item: Out): ReadResult<Out> {
  return {
    done: false,
    value: item instanceof Uint8Array ? (new Uint8Array(item) as Out & Uint8Array) : item,
  }
}
