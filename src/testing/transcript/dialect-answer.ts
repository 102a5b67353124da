/** The frames of one answer, in the order of the wire. */
export interface DialectAnswer {
  contentType: string
  before: string[]
  tokens: string[]
  after: string[]
  /** In place of `after`. */
  error: string
}

/** The tokens of every prompt. */
export const PROMPT_TOKENS = 9
/** The message of every error. */
export const OVERLOADED = 'The model is overloaded'
