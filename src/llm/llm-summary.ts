import type { LlmUsage } from './llm-usage.ts'

/** What an answer stated, as far as it came. */
export interface LlmSummary {
  /** The API that the stream is of; `plain` for none that is known. */
  dialect: string
  /** The model that the stream names last. */
  model?: string | undefined
  /** In the stream's own words: `stop`, `end_turn`, `STOP`; for Responses the status, or the reason why it is incomplete. */
  finishReason?: string | undefined
  /** The numbers of tokens that the stream states; absent where it states none. */
  usage?: LlmUsage | undefined
  /** From the request to the first output of the model, in milliseconds. */
  firstContentMs?: number | undefined
  /** Events with output of the model. */
  contentEvents: number
  /** The type or code of an error that the upstream sent in the stream. */
  upstreamErrorType?: string | undefined
}
