import type { LlmUsage } from './llm-usage.ts'

/** One thing that an answer says, whichever API it comes from. */
export type LlmEvent =
  | { readonly type: 'text'; readonly choice: number; readonly text: string }
  | { readonly type: 'reasoning'; readonly choice: number; readonly text: string }
  | {
      readonly type: 'tool-call'
      readonly choice: number
      /** Of the call within its choice: parts of one call have one index. */
      readonly index: number
      /** In the first part of a call. */
      readonly id?: string | undefined
      readonly name?: string | undefined
      /** The next piece of the JSON of its arguments. */
      readonly arguments: string
    }
  | { readonly type: 'usage'; readonly usage: LlmUsage }
  | { readonly type: 'finish'; readonly choice: number; readonly reason: string }
  | { readonly type: 'error'; readonly errorType: string | undefined; readonly message: string }
