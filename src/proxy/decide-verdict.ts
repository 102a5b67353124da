import { outcomeOf, toSseKitError } from '../base/outcomes.ts'
import { SseKitError, type SseKitErrorCode } from '../base/sse-kit-error.ts'
import type { StreamVerdict } from '../base/stream-verdict.ts'
import type { Verdict } from '../base/verdict.ts'
import type { AnswerEnd } from '../llm/answer-state.ts'

/** How the upstream's side of an exchange ended. */
export interface OriginEnd {
  ending: StreamVerdict
  /** Of an ending with an error: what was thrown. */
  reason?: unknown
  /** How the answer in the stream ended, as far as its dialect tells. */
  answer?: AnswerEnd | undefined
  /** Whether the terminal mark of the answer went by. */
  isOver?: boolean | undefined
}

/** How the client's side of it ended. */
export interface ClientEnd {
  /** Whether the client's connection was lost, before or during the answer. */
  isGone: boolean
}

/** How an exchange ended. */
export interface Decision {
  verdict: Verdict
  code?: SseKitErrorCode | undefined
  /** What went wrong, where something did. */
  error?: SseKitError | undefined
}

/** Decides how an exchange ended, from how its two sides did. The one place where a verdict is decided. */
export function decideVerdict(origin: OriginEnd, { isGone }: ClientEnd): Decision {
  const { ending, reason, answer, isOver } = origin
  // Clients stop reading at the terminal mark, and have the whole answer then.
  if (isOver && (isGone || ending === 'cancelled')) return { verdict: answer ?? 'complete' }
  const error = errorOf(ending, reason)
  // Whatever else failed then failed because of it, or was for nobody.
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
