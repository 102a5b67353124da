import { outcomeOf, toSseKitError } from '../base/outcomes.ts'
import { roundMs } from '../base/round-ms.ts'
import { SseKitError } from '../base/sse-kit-error.ts'
import type { StreamVerdict } from '../base/stream-verdict.ts'
import { UpstreamNetworkError } from '../base/upstream-network-error.ts'
import { relay } from '../pipeline/relay.ts'
import type { Stage } from '../pipeline/stage.ts'
import { EventRewriterStage } from '../transforms/event-rewriter.ts'
import type { GapDistribution } from '../transforms/gap-histogram.ts'
import { HeartbeatInjector } from '../transforms/heartbeat-injector.ts'
import { MetricsTap, type TapSummary } from '../transforms/metrics-tap.ts'
import { FrameSplitter } from '../wire/frame-splitter.ts'
import { ErrorFrameStage } from './error-frame.ts'
import type { Exchange } from './exchange.ts'
import { heartbeatFrame } from './heartbeat-frame.ts'
import { LifeSigns } from './life-signs.ts'
import type { AnswerBody } from './peeked-body.ts'
import type { ProxySettings, Timeouts } from './proxy-settings.ts'
import { Watchdog } from './watchdog.ts'

/**
 * The body for the client: the upstream's, through the fused stages that fit it. At its end, however that
 * comes, it ends the exchange.
 */
export function relayBody(
  body: AnswerBody,
  exchange: Exchange,
  settings: ProxySettings,
  timeouts: Timeouts,
  onFirstEvent: (error?: unknown) => void,
): ReadableStream<Uint8Array> {
  const { isSse } = exchange
  // Not from the headers on: with others to turn to, the first event has been waited for since then.
  const startedMs = performance.now() - exchange.requestedAt
  const tap = MetricsTap.stage<Uint8Array>({ onEnd, countEvents: isSse })
  const signs = isSse && timeouts.idleCounts === 'events' ? new LifeSigns() : undefined
  const watchdog = new Watchdog(
    { ...timeouts, requestedAt: exchange.requestedAt },
    {
      countEvents: () => (isSse ? (signs?.count ?? tap.events) : tap.items),
      onFirstEvent,
    },
  )
  const stages: Stage<Uint8Array, Uint8Array>[] = [watchdog]
  const { heartbeat: wanted, maxEventBytes, transform } = settings
  const rewriter = isSse && transform !== undefined ? new EventRewriterStage(transform) : undefined
  const { pathname } = new URL(exchange.outgoing.url)
  const accept = exchange.request.headers.get('accept')
  const heartbeat =
    isSse && wanted !== false
      ? HeartbeatInjector.stage({
          ...wanted,
          frame: heartbeatFrame(wanted.frame, { pathname, accept }),
        })
      : undefined
  if (isSse) {
    stages.push(FrameSplitter.stage({ maxEventBytes }))
  }
  if (signs !== undefined) stages.push(signs)
  stages.push(tap)
  if (rewriter !== undefined) stages.push(rewriter)
  if (heartbeat !== undefined) stages.push(heartbeat)
  const errors = isSse && settings.tellsErrors ? new ErrorFrameStage(pathname) : undefined
  if (errors !== undefined) stages.push(errors)
  const relayed = relay<Uint8Array>(body, stages, {
    watermark: settings.watermark,
    budget: settings.budget,
    flushMsFor: (reason) => {
      const { flushMs } = outcomeOf(reason)
      return flushMs === 'clientStallMs' ? timeouts.clientStallMs : flushMs
    },
  })
  exchange.relaysBody((reason) => watchdog.abort(reason))
  return relayed

  function onEnd(summary: TapSummary, gaps: GapDistribution): void {
    const { verdict: ending, reason } = summary
    const error = errorOf(ending, reason)
    // The stream of the body is cancelled by the relay; this closes the socket also where that does not.
    if (error !== undefined) exchange.abort(error)
    if (!isSse) onFirstEvent(error)
    // A stream without any event is a failure of the upstream. Made only then: two errors cost 20 us.
    else if ((signs?.count ?? summary.events) === 0) {
      onFirstEvent(error ?? new UpstreamNetworkError(new Error('No event came')))
    }
    const cleanEnd = ending === 'truncated' ? ending : 'complete'
    const verdict = error === undefined ? cleanEnd : outcomeOf(error).verdict
    const { firstItemMs, firstEventMs, events, pauses } = summary
    exchange.end(
      verdict,
      error,
      {
        ...(firstItemMs !== undefined && { firstItemMs: roundMs(startedMs + firstItemMs) }),
        ...(firstEventMs !== undefined &&
          isSse && { firstEventMs: roundMs(startedMs + firstEventMs) }),
        events,
        ...(summary.gaps && { gaps: summary.gaps }),
        pauses,
        bytesIn: summary.bytes,
        bytesOut:
          (rewriter?.bytesOut ?? summary.bytes) +
          (heartbeat?.heartbeatBytes ?? 0) +
          (errors?.frameBytes ?? 0),
        heartbeats: heartbeat?.heartbeats ?? 0,
      },
      gaps,
    )
  }
}

function errorOf(ending: StreamVerdict, reason: unknown): SseKitError | undefined {
  if (ending === 'complete' || ending === 'truncated') return
  if (ending === 'error') return toSseKitError(reason)
  // A client's cancel reason is arbitrary, so it never counts as an upstream failure.
  return new SseKitError('SSE_CLIENT_GONE', 'The client left', { cause: reason })
}
