import { checkNumber } from '../base/check-number.ts'

/** One stream that draws on a {@link Budget}. */
export interface BudgetMember {
  /** How many bytes it holds at the moment. */
  readonly heldBytes: number
}

/** How much a {@link Budget} allows. */
export interface BudgetOptions {
  /** So many bytes may be held over all streams before the fullest of them are paused. */
  maxBytes: number
}

/**
 * A bound on the bytes held by all streams of a process together, shared by any number of proxies and relays.
 *
 * Past it the streams that hold more than their share are not read until they have drained; those that hold
 * less go on, and one that holds nothing always does, so that no stream stops for good. The bound is soft by
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
  /** So many bytes may be held over all streams. */
  readonly maxBytes: number
  readonly #members = new Set<BudgetMember>()
  /** Not below what is held: items that were read since it was counted are still in it. */
  #estimate = 0

  constructor({ maxBytes }: BudgetOptions) {
    this.maxBytes = checkNumber('maxBytes', maxBytes, { min: 1, infinity: true })
  }

  /** How many bytes all streams hold at the moment. */
  get heldBytes(): number {
    this.#estimate = 0
    for (const member of this.#members) this.#estimate += member.heldBytes
    return this.#estimate
  }

  /** How many streams draw on it. */
  get streams(): number {
    return this.#members.size
  }

  /** Adds a stream; call `leave` when it has ended. */
  join(member: BudgetMember): void {
    this.#members.add(member)
  }

  /** Takes a stream out. */
  leave(member: BudgetMember): void {
    this.#members.delete(member)
  }

  /** Notes that a stream has taken in so many bytes, and says whether it may go on. */
  mayGoOn(member: BudgetMember, addedBytes: number): boolean {
    this.#estimate += addedBytes
    if (this.#estimate <= this.maxBytes || this.heldBytes <= this.maxBytes) return true
    const { heldBytes } = member
    return heldBytes === 0 || heldBytes < this.#estimate / this.#members.size
  }
}
