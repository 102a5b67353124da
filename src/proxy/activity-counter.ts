import type { Stage, StageOutput } from '../pipeline/stage.ts'
import { SseDecoder } from '../wire/sse-decoder.ts'

/**
 * Counts events other than pings, in frames that pass untouched. Anthropic sends pings as events of that name with
 * data, and a gateway keeps sending them while the model is stalled.
 *
 * Decodes the stream, so it runs only with `idleCounts: 'events'`.
 */
export class ActivityCounter implements Stage<Uint8Array, Uint8Array> {
  /** The number of events so far, without pings. */
  count = 0
  readonly #decoder = SseDecoder.stage({ maxEventBytes: Infinity })
  #output!: StageOutput<Uint8Array>

  start(output: StageOutput<Uint8Array>): void {
    this.#output = output
    this.#decoder.start({
      emit: ({ event }) => {
        if (event !== 'ping') this.count++
      },
      error: () => {},
      desiredSize: 1,
      queued: 0,
    })
  }

  push(frames: Uint8Array): void {
    this.#decoder.push(frames)
    this.#output.emit(frames)
  }

  dispose(): void {
    this.#decoder.dispose()
  }
}
