import type { Stage, StageOutput } from '../pipeline/stage.ts'
import { SseDecoder } from '../wire/sse-decoder.ts'

/**
 * Counts the events that show that a model is at work, in frames that pass untouched: all but pings, which
 * Anthropic sends as events of that name, with data, and which a gateway goes on sending when the model stalls.
 *
 * Decodes, so it is for those who ask for it.
 */
export class LifeSigns implements Stage<Uint8Array, Uint8Array> {
  /** The events so far that are no pings. */
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
