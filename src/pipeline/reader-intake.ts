import { FLOW, type ItemReader, type ItemSource } from '../base/byte-source.ts'
import type { ReadResult } from '../base/read-result.ts'
import type { Intake } from './intake.ts'
import type { StageDriver } from './stage-driver.ts'

/**
 * Reads a source for a driver, in flowing mode where the source has it.
 *
 * | state     | meaning                                    | left by                                |
 * |-----------|--------------------------------------------|----------------------------------------|
 * | `paused`  | the source is not read                     | `open`: `flowing`, or else `reading`   |
 * | `reading` | a read is pending, or its item passes      | the item has passed: `paused`, and on  |
 * | `flowing` | the source passes items to the driver      | `full`: `paused`                       |
 */
export class ReaderIntake implements Intake {
  /** Set before the first call of `open`. */
  driver!: StageDriver<unknown>
  readonly #source: ItemSource<unknown>
  readonly #reader: ItemReader<unknown>
  #state: 'paused' | 'reading' | 'flowing' = 'paused'

  /** @throws TypeError if the source is locked */
  constructor(source: ItemSource<unknown>) {
    this.#source = source
    this.#reader = source.getReader()
    if (source[FLOW]) this.#reader.closed?.then(this.#onClosed, this.#onBroken)
  }

  /** Lets others read the source. */
  releaseLock(): void {
    this.#reader.releaseLock?.()
  }

  open(wasFull: boolean): void {
    if (wasFull) this.driver.resume()
    if (this.#state === 'paused') this.#read()
  }

  full(): void {
    if (this.#state === 'flowing') {
      this.#state = 'paused'
      this.#source[FLOW]?.(undefined)
    }
    this.driver.pause()
  }

  cancel(reason: unknown): Promise<void> {
    return this.#reader.cancel(reason)
  }

  #read(): void {
    if (this.#source[FLOW] !== undefined) {
      // Before the call: items that wait in the source are passed inside of it, and may fill the output.
      this.#state = 'flowing'
      if (this.#source[FLOW](this.#onItem)) return
    }
    this.#state = 'reading'
    this.#reader.read().then(this.#onRead, this.#onFailed)
  }

  readonly #onRead = (result: ReadResult<unknown>): void => {
    if (result.done) {
      this.driver.end()
      return
    }
    this.driver.push(result.value)
    this.#state = 'paused'
    if (this.driver.isOpen) this.#read()
  }

  readonly #onItem = (item: unknown): void => {
    // A reader owns its items and may transfer them; those of flowing mode may share their memory.
    this.driver.push(this.driver.acceptsShared ? item : copyOf(item))
  }

  readonly #onClosed = (): void => {
    if (this.#state === 'flowing') this.driver.end()
  }

  readonly #onBroken = (reason: unknown): void => {
    if (this.#state === 'flowing') this.driver.fail(reason)
  }

  readonly #onFailed = (reason: unknown): void => this.driver.fail(reason)
}

function copyOf(item: unknown): unknown {
  return item instanceof Uint8Array ? new Uint8Array(item) : item
}
