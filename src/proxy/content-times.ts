import { GapHistogram } from '../transforms/gap-histogram.ts'

/** When chunks with output of the model arrived. */
export class ContentTimes {
  readonly gaps: GapHistogram = new GapHistogram()
  #firstAt: number | undefined
  #lastAt = 0

  /** From the first chunk to the last, in milliseconds. */
  get spanMs(): number {
    return this.#firstAt === undefined ? 0 : this.#lastAt - this.#firstAt
  }

  add(now: number): void {
    if (this.#firstAt === undefined) this.#firstAt = now
    else this.gaps.add(now - this.#lastAt)
    this.#lastAt = now
  }
}
