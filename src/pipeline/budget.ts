import { checkNumber } from '../base/check-number.ts'
import { BudgetLedger } from './budget-ledger.ts'

/** The bound of a {@link Budget}. */
export interface BudgetOptions {
  /** Streams are paused once all of them together hold more than this, in bytes; `Infinity` for no bound. */
  maxBytes: number
}

/**
 * A bound on the bytes that all streams of a process hold together, shared by any number of proxies and relays.
 *
 * Above it, streams that hold more than their share (the average) are not read until they have drained; the others
 * are read on. A stream that holds nothing is always read, so that none stops for good. The bound may be exceeded by
 * one chunk per stream.
 *
 * @throws RangeError for a `maxBytes` below 1
 *
 * @example 64 MiB for everything
 * ```ts
 * import { Budget, relay } from 'sse-stream-kit/streams'
 *
 * const budget = new Budget({ maxBytes: 67_108_864 })
 * const upstream = new Response('data: 1\n\n')
 * console.log(await new Response(relay(upstream.body!, [], { budget })).text(), budget.heldBytes)
 * ```
 * @see https://streams.spec.whatwg.org/#qs-api
 */
export class Budget {
  /** The bound, in bytes. */
  readonly maxBytes: number
  readonly #ledger: BudgetLedger

  constructor({ maxBytes }: BudgetOptions) {
    this.maxBytes = checkNumber('maxBytes', maxBytes, { min: 1, infinity: true })
    this.#ledger = new BudgetLedger(maxBytes)
    Object.defineProperty(this, BudgetLedger.KEY, { value: this.#ledger })
  }

  /** How many bytes all streams hold at the moment. */
  get heldBytes(): number {
    return this.#ledger.heldBytes
  }

  /** How many streams draw on the budget. */
  get streams(): number {
    return this.#ledger.streams
  }
}
