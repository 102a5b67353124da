/** Up to 100 characters that are visible, or spaces. Lone surrogates are not: as UTF-8 they would all be equal. */
const PRINTABLE = /^[^\p{C}\p{Zl}\p{Zp}]{1,100}$/u

/**
 * The values of one label. Values come from outside, so the number of them is bounded: those beyond it, empty or long
 * ones and those with control characters become `other`.
 */
export class LabelValues {
  readonly #known = new Set<string>()
  readonly #maxValues: number
  readonly #other: string

  constructor(maxValues: number, other = 'other') {
    this.#maxValues = maxValues
    this.#other = other
  }

  /** Returns the value itself, or the one it is counted as. */
  of(value: string): string {
    if (this.#known.has(value)) return value
    if (this.#known.size >= this.#maxValues || !PRINTABLE.test(value)) return this.#other
    this.#known.add(value)
    return value
  }
}
