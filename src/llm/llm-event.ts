import type { LlmUsage } from './llm-usage.ts'

/** A piece of what an answer says, whichever API it comes from. */
export type LlmEvent =
  | { readonly type: 'text'; readonly choice: number; readonly text: string }
  | { readonly type: 'reasoning'; readonly choice: number; readonly text: string }
  | {
      readonly type: 'tool-call'
      readonly choice: number
      /** Of the call within its choice: parts of one call have one index. Absent for a call that comes whole. */
      readonly index?: number | undefined
      /** In the first part of a call. */
      readonly id?: string | undefined
      readonly name?: string | undefined
      /** The next piece of the JSON of its arguments. */
      readonly arguments: string
    }
  | { readonly type: 'usage'; readonly usage: LlmUsage }
  | { readonly type: 'finish'; readonly choice: number; readonly reason: string }
  | { readonly type: 'error'; readonly errorType: string | undefined; readonly message: string }
