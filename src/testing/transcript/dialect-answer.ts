/** The API whose stream a transcript looks like. */
export type TranscriptDialect =
  | 'openai-chat'
  | 'openai-responses'
  | 'anthropic'
  | 'gemini'
  | 'ollama'

/** A call of a function in a transcript. */
export interface TranscriptTool {
  name: string
  /** Its arguments, sent as JSON. */
  arguments: object
}

/** What the frames of an answer say. */
export interface AnswerPlan {
  /** The text, and before it what the model thought, token by token. */
  words: readonly string[]
  reasoning: readonly string[]
  tools: readonly TranscriptTool[]
  /** How many choices say it. */
  choices: number
  /** `undefined` for the one of the dialect's own. */
  model: string | undefined
  /** `undefined` for the one that fits; `false` for none. */
  finishReason: string | false | undefined
  usage: boolean
  /** Whether the terminal mark is sent. */
  terminalMark: boolean
}

/** The frames of one answer, in the order in which they are sent. */
export interface DialectAnswer {
  contentType: string
  before: string[]
  tokens: string[]
  after: string[]
  /** Sent instead of `after`. */
  error: string
}

/** The prompt tokens in every usage. */
export const PROMPT_TOKENS = 9
/** The message of every error. */
export const OVERLOADED = 'The model is overloaded'
export const EVENT_STREAM = 'text/event-stream; charset=utf-8'

/** The indexes of the choices. */
export function choicesOf({ choices }: AnswerPlan): number[] {
  return Array.from({ length: choices }, (_, index) => index)
}
