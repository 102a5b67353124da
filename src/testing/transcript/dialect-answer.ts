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
