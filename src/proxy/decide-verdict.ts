import { outcomeOf, toSseKitError } from '../base/outcomes.ts'
import { SseKitError, type SseKitErrorCode } from '../base/sse-kit-error.ts'
import type { StreamVerdict } from '../base/stream-verdict.ts'
import type { Verdict } from '../base/verdict.ts'
import type { AnswerEnd } from '../llm/answer-state.ts'

/** How the upstream's side of an exchange ended. */
export interface OriginEnd {
  ending: StreamVerdict
  /** The error, or the client's reason of a cancel. */
  reason?: unknown
  /** How the answer in the stream ended, if its dialect is known. */
  answer?: AnswerEnd | undefined
  /** Whether the terminal mark of the answer was received. */
  isOver?: boolean | undefined
}

/** How the client's side of it ended. */
export interface ClientEnd {
  /** Whether the client disconnected, before or during the response. */
  isGone: boolean
}

/** How an exchange ended. */
export interface Decision {
  verdict: Verdict
  code?: SseKitErrorCode | undefined
  /** The error, if there was one. */
  error?: SseKitError | undefined
}

/** Decides how an exchange ended, from the ends of its two sides. The one place where a verdict is decided. */
export function decideVerdict(origin: OriginEnd, { isGone }: ClientEnd): Decision {
  const { ending, reason, answer, isOver } = origin
  // Clients stop reading at the terminal mark, and have the complete answer then.
  if (isOver && (isGone || ending === 'cancelled')) return { verdict: answer ?? 'complete' }
  const error = errorOf(ending, reason)
  // Any other failure then is a consequence, or has no reader.
  if (isGone && error?.code !== 'SSE_CLIENT_STALLED') {
    return { verdict: 'client_gone', code: 'SSE_CLIENT_GONE', error }
  }
  if (error === undefined) {
    return { verdict: answer ?? (ending === 'truncated' ? 'truncated' : 'complete') }
  }
  return { verdict: outcomeOf(error).verdict, code: error.code, error }
}

function errorOf(ending: StreamVerdict, reason: unknown): SseKitError | undefined {
  if (ending === 'error') return toSseKitError(reason)
  // A client's cancel reason is arbitrary, so it never counts as an upstream failure.
  if (ending === 'cancelled') {
    return new SseKitError('SSE_CLIENT_GONE', 'The client left', { cause: reason })
  }
  return
}
