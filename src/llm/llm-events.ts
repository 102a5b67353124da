import type { Stage, StageOutput } from '../pipeline/stage.ts'
import { StageStream } from '../pipeline/stage-stream.ts'
import type { DecodedSseEvent } from '../wire/sse-event.ts'
import { AnswerParts, type LlmEventsOptions } from './answer-parts.ts'
import type { Dialect } from './dialect.ts'
import type { LlmEvent } from './llm-event.ts'

/**
 * Returns a transform from the events of an LLM's API to what they say: text, reasoning, tool calls, usage, the finish
 * reason, an error.
 *
 * An event of the stream becomes none, one or several; what is not understood becomes none.
 *
 * - Holds nothing of the answer but its usage and finish reason.
 * - Backpressure: takes an event when the reader asks for one.
 * - Cancel reaches the source at once.
 * - Error: an error of the upstream that stands in the stream is an event, and the stream goes on. Errors of the source pass.
 *
 * @throws TypeError for what is no dialect, and for wrong options
 * @throws {@link SseKitError} with code `SSE_TRUNCATED`, through the stream, for an answer without its terminal mark
 *
 * @example What a model says, as typed events
 * ```ts
 * import { llmEvents, openaiChat } from 'sse-stream-kit/llm'
 * import { SseDecoder } from 'sse-stream-kit/streams'
 * import { fakeUpstream, transcript } from 'sse-stream-kit/testing'
 *
 * const model = fakeUpstream(transcript('openai-chat', { text: 'Hello there', reasoning: 'A greeting' }))
 * const response = await model.fetch('http://model.test/v1/chat/completions')
 * const events = response.body!.pipeThrough(new SseDecoder()).pipeThrough(llmEvents(openaiChat))
 * await events.pipeTo(
 *   new WritableStream({
 *     write(event) {
 *       if (event.type === 'text') console.log(event.text)
 *       if (event.type === 'finish') console.log(event.reason) // stop
 *     },
 *   }),
 * )
 * ```
 */
export function llmEvents(
  dialect: Dialect,
  options?: LlmEventsOptions,
): StageStream<DecodedSseEvent, LlmEvent> {
  return new StageStream(new LlmEventsStage(dialect, options))
}

/** The logic of {@link llmEvents}. */
class LlmEventsStage implements Stage<DecodedSseEvent, LlmEvent> {
  readonly #parts: AnswerParts
  #output!: StageOutput<LlmEvent>

  constructor(dialect: Dialect, options: LlmEventsOptions | undefined) {
    this.#parts = new AnswerParts(dialect, options)
  }

  start(output: StageOutput<LlmEvent>): void {
    this.#output = output
  }

  push(event: DecodedSseEvent): void {
    for (const part of this.#parts.of(event)) this.#output.emit(part)
  }

  end(): void {
    this.#parts.end()
  }
}
