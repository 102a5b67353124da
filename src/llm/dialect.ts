import type { LlmEvent } from './llm-event.ts'
import type { LlmUsage } from './llm-usage.ts'

/** What one event of an answer states. */
export interface EventFacts {
  model?: string | undefined
  /** In the stream's own words. */
  finishReason?: string | undefined
  /** Numbers stated before are kept where these say nothing of them. */
  usage?: LlmUsage | undefined
  /** The type or code of an error that stands in the stream. */
  upstreamErrorType?: string | undefined
  /** The choices that the event belongs to. The answer is complete when all that were seen are finished. */
  seen?: readonly number[] | undefined
  /** Those of them that it finishes. */
  finished?: readonly number[] | undefined
  /** Whether it is the terminal mark: nothing of the answer follows. */
  isEnd?: boolean | undefined
  /** Whether it carries output of the model: text, reasoning, a tool call. */
  isContent?: boolean | undefined
}

/**
 * What to do with an event, by its name alone: `read` its data, take it for `content` unread, `skip` it, or `scan` its
 * data for the keys of the dialect, and read it only where they say something.
 */
export type EventTriage = 'read' | 'content' | 'skip' | 'scan'

/**
 * Keys of JSON that tell whether an event has to be read. A value of `null`, `0`, `""`, `[]` or `{}` says nothing. An
 * event in which no key says anything is read too.
 */
export interface ScannedKeys {
  /** Those that make it worth reading. */
  readonly read: readonly string[]
  /** Those of content, which is counted and not read, and taken for one of choice 0. */
  readonly content: readonly string[]
}

/** What an error frame tells the client. */
export interface LlmError {
  /** One of our codes. */
  readonly code: string
  readonly message: string
  /** The HTTP status that the failure stands for. */
  readonly status: number
  /** Whose failure it is, in the words of OpenAI's API. */
  readonly type: string
  /** The status that the upstream answered with, where the client was sent another one before. */
  readonly lateStatus?: number | undefined
  /** After so many seconds the request may be repeated, where that is known. */
  readonly retryAfter?: number | undefined
}

/**
 * What the stream of one LLM API looks like. It is pure: all state is kept by whoever uses it.
 *
 * An event without a name is given as `''`, and its data as a parsed value, or `undefined` where it is no JSON.
 */
export interface Dialect {
  readonly name: string
  /** An event stream, or lines of JSON, each of which is an event without a name. @default 'sse' */
  readonly format?: 'sse' | 'ndjson' | undefined
  /** Which heartbeat is safe with the clients of the API. */
  readonly heartbeat: 'comment' | 'blank'
  /** Whether requests to the API have this path; only a first guess, as what the stream holds wins. */
  matchesPath(pathname: string): boolean
  /** Whether an event is one of this API, and of no other. */
  recognizes(event: string, json: unknown): boolean
  triage(event: string): EventTriage
  /** For `scan`. */
  readonly keys?: ScannedKeys | undefined
  /** Reads what an event states. `data` is its text, for marks that are no JSON. */
  read(event: string, json: unknown, data: string): EventFacts
  /** Takes an event apart. */
  parts(event: string, json: unknown, data: string): readonly LlmEvent[]
  /** Writes an error as an event that the clients of the API read as one. */
  errorFrame(error: LlmError): string
}
