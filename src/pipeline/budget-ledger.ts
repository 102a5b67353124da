import { shown } from '../base/shown.ts'

/** One stream that draws on a budget. */
export interface BudgetMember {
  /** How many bytes it holds at the moment. */
  readonly heldBytes: number
}

/** What each stream of a budget holds, and which of them must wait. */
export class BudgetLedger {
  /** Where a budget has its ledger. Registered, because the budget may be of another copy of this package. */
  static readonly KEY: unique symbol = Symbol.for('sse-stream-kit.budget.1')

  readonly #maxBytes: number
  /** The bytes of each stream when it was last read. */
  readonly #members = new Map<BudgetMember, number>()
  /** Their sum. */
  #knownBytes = 0
  /** How often a stream was refused since all were read. */
  #refusals = 0

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  /** @throws TypeError for what is not a `Budget` */
  static of(budget: unknown): BudgetLedger {
    const { [BudgetLedger.KEY]: ledger } = Object(budget) as { [BudgetLedger.KEY]?: BudgetLedger }
    if (ledger !== undefined) return ledger
    throw new TypeError(
      `budget must be a Budget: got ${shown(budget)}. Use new Budget({ maxBytes })`,
    )
  }

  /** How many bytes all streams hold at the moment. */
  get heldBytes(): number {
    for (const member of this.#members.keys()) this.#read(member)
    return this.#knownBytes
  }

  /** How many streams have joined. */
  get streams(): number {
    return this.#members.size
  }

  /** Adds a stream. */
  join(member: BudgetMember): void {
    if (!this.#members.has(member)) this.#members.set(member, 0)
    this.#read(member)
  }

  /** Removes a stream. */
  leave(member: BudgetMember): void {
    this.#knownBytes -= this.#members.get(member) ?? 0
    this.#members.delete(member)
  }

  /** Whether a stream that has queued an item may read its source on. */
  mayGoOn(member: BudgetMember): boolean {
    const heldBytes = this.#read(member)
    if (this.#knownBytes <= this.#maxBytes) return true
    // Others may have drained since they were read. Reading all of them for each chunk would cost 0.3 ms with a
    // thousand streams, just when the process is busiest.
    if (++this.#refusals >= this.#members.size) {
      this.#refusals = 0
      if (this.heldBytes <= this.#maxBytes) return true
    }
    // Those that hold more than their share wait; one that holds nothing never does.
    return heldBytes < this.#knownBytes / this.#members.size
  }

  #read(member: BudgetMember): number {
    const { heldBytes } = member
    const before = this.#members.get(member)
    // A stream that has left may still drain; it must not be added again.
    if (before === undefined) return heldBytes
    this.#knownBytes += heldBytes - before
    this.#members.set(member, heldBytes)
    return heldBytes
  }
}
