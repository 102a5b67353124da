import { SseKitError } from '../base/sse-kit-error.ts'
import type { Stage, StageOutput } from '../pipeline/stage.ts'
import { StageStream } from '../pipeline/stage-stream.ts'
import type { DecodedSseEvent } from '../wire/sse-event.ts'
import { AnswerParts, type LlmEventsOptions } from './answer-parts.ts'
import type { Dialect } from './dialect.ts'

/**
 * Returns a transform from the events of an LLM's API to the text of its answer, piece by piece.
 *
 * The text is that of the first choice, without reasoning, refusals and tool calls.
 *
 * - Holds none of the text.
 * - Backpressure: takes an event when the reader asks for text.
 * - Cancel reaches the source at once.
 * - Error: an error of the upstream that stands in the stream fails it, after the text before it, so that an answer
 *   that failed never looks complete. Errors of the source pass.
 *
 * @throws TypeError for what is no dialect, and for wrong options
 * @throws {@link SseKitError} with code `SSE_TRUNCATED`, through the stream, for an answer with an error in it or
 * without its terminal mark
 *
 * @example Collect the text of an answer
 * ```ts
 * import { openaiChat, textDeltas } from 'sse-stream-kit/llm'
 * import { SseDecoder } from 'sse-stream-kit/streams'
 * import { fakeUpstream, transcript } from 'sse-stream-kit/testing'
 *
 * const model = fakeUpstream(transcript('openai-chat', { text: 'Hello there' }))
 * const response = await model.fetch('http://model.test/v1/chat/completions')
 * let text = ''
 * const join = new WritableStream<string>({
 *   write: (delta) => {
 *     text += delta
 *   },
 * })
 * await response.body!.pipeThrough(new SseDecoder()).pipeThrough(textDeltas(openaiChat)).pipeTo(join)
 * console.log(text) // Hello there
 * ```
 */
export function textDeltas(
  dialect: Dialect,
  options?: LlmEventsOptions,
): StageStream<DecodedSseEvent, string> {
  return new StageStream(new TextDeltasStage(dialect, options))
}

/** The logic of {@link textDeltas}. */
class TextDeltasStage implements Stage<DecodedSseEvent, string> {
  readonly #parts: AnswerParts
  #output!: StageOutput<string>

  constructor(dialect: Dialect, options: LlmEventsOptions | undefined) {
    this.#parts = new AnswerParts(dialect, options)
  }

  start(output: StageOutput<string>): void {
    this.#output = output
  }

  push(event: DecodedSseEvent): void {
    for (const part of this.#parts.of(event)) {
      if (part.type === 'text' && part.choice === 0) this.#output.emit(part.text)
      if (part.type !== 'error') continue
      throw new SseKitError(
        'SSE_TRUNCATED',
        `The upstream sent an error in its answer (${part.errorType ?? 'error'}): ${part.message}`,
      )
    }
  }

  end(): void {
    this.#parts.end()
  }
}
