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
  /** What each held when it was last looked at. */
  readonly #members = new Map<BudgetMember, number>()
  /** What they held then together. */
  #knownBytes = 0
  /** How often a stream was refused since all were counted. */
  #refusals = 0

  constructor({ maxBytes }: BudgetOptions) {
    this.maxBytes = checkNumber('maxBytes', maxBytes, { min: 1, infinity: true })
  }

  /** How many bytes all streams hold at the moment. */
  get heldBytes(): number {
    for (const member of this.#members.keys()) this.#look(member)
    return this.#knownBytes
  }

  /** How many streams draw on it. */
  get streams(): number {
    return this.#members.size
  }

  /** Adds a stream; call `leave` when it has ended. */
  join(member: BudgetMember): void {
    if (!this.#members.has(member)) this.#members.set(member, 0)
    this.#look(member)
  }

  /** Takes a stream out. */
  leave(member: BudgetMember): void {
    this.#knownBytes -= this.#members.get(member) ?? 0
    this.#members.delete(member)
  }

  /** Whether a stream that has taken something in may go on. */
  mayGoOn(member: BudgetMember): boolean {
    const heldBytes = this.#look(member)
    if (this.#knownBytes <= this.maxBytes) return true
    // Others may have drained since they were looked at. To look at all each time would cost every chunk as
    // much as there are streams (0.3 ms with a thousand), just when there is too much to do already.
    if (++this.#refusals >= this.#members.size) {
      this.#refusals = 0
      if (this.heldBytes <= this.maxBytes) return true
    }
    // The fullest wait; one that holds nothing never does.
    return heldBytes < this.#knownBytes / this.#members.size
  }

  #look(member: BudgetMember): number {
    const { heldBytes } = member
    const before = this.#members.get(member)
    // One that has left, and still works off what it had, must not come in again.
    if (before === undefined) return heldBytes
    this.#knownBytes += heldBytes - before
    this.#members.set(member, heldBytes)
    return heldBytes
  }
}
