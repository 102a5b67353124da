import type { ByteSource } from '../base/byte-source.ts'
import { outcomeOf } from '../base/outcomes.ts'
import { UpstreamNetworkError } from '../base/upstream-network-error.ts'
import { isJsonLinesType } from '../http/media-type.ts'
import type { Dialect } from '../llm/dialect.ts'
import { NdjsonTap } from '../llm/ndjson-tap.ts'
import { plain } from '../llm/plain.ts'
import { relay } from '../pipeline/relay.ts'
import { relaySource } from '../pipeline/relay-source.ts'
import type { ObservedOutput } from '../pipeline/stage-observer.ts'
import type { GapDistribution } from '../transforms/gap-histogram.ts'
import type { TapSummary } from '../transforms/metrics-tap.ts'
import type { UpstreamResponse } from '../upstream/upstream-call.ts'
import { AnswerBody } from './answer-body.ts'
import { clientLine } from './client-line.ts'
import type { Exchange } from './exchange.ts'
import { guessDialect } from './guess-dialect.ts'
import { originLine } from './origin-line.ts'
import type { ProxySettings } from './proxy-settings.ts'

/**
 * Returns the body for the client: the upstream's, through the origin line and the client line, joined in one relay.
 * Its end, on every path, ends the exchange.
 */
export function relayResponse(
  body: ByteSource,
  { isSse, headers, target, firstEvent }: UpstreamResponse,
  exchange: Exchange,
  settings: ProxySettings,
  /** Given if the client was sent the head before the upstream had answered; settles when it has. */
  answered?: Promise<void>,
): ByteSource {
  const { timeouts } = target
  const { clientStallMs } = timeouts
  const { pathname } = exchange.outgoing.url
  const { requestedAt } = exchange.context
  const onFirstEvent = (): void => firstEvent?.came()
  const format = isSse
    ? 'sse'
    : isJsonLinesType(headers.get('content-type') ?? '')
      ? 'ndjson'
      : undefined
  const dialects = format === undefined ? [] : settings.dialectsOf[format]
  const isAnswer = isSse || dialects.length > 0
  const source = isAnswer ? new AnswerBody(body, () => origin.llm?.isOver === true) : body
  // A body that has ended or failed needs no cancel.
  const finish = (): void => void source.cancel().catch(() => {})
  const expected = guessDialect(pathname, settings.dialects)
  const guess = (expected.format ?? 'sse') === (format ?? 'sse') ? expected : plain
  const isGiven = settings.isDialectGiven && dialects.length > 0
  const { hidesUsage } = exchange
  const line = { isSse, dialects, guess, isGiven, hidesUsage, requestedAt, timeouts, settings }
  const origin = originLine({ ...line, onFirstEvent, finish, onEnd })
  const dialect = (): Dialect => origin.llm?.dialect ?? guess
  // Frames pass whole, and lines of JSON as they come: an error frame may follow whole ones only.
  const { llm } = origin
  const isBetweenLines = llm instanceof NdjsonTap ? () => llm.isBetweenLines : undefined
  const isAtBoundary = isSse ? () => true : isBetweenLines
  const accept = exchange.client.headers.get('accept')
  const client = clientLine({
    isSse,
    isCommitted: answered !== undefined,
    isAtBoundary,
    guess,
    dialect,
    accept,
    clientStallMs,
    now: () => origin.clock.arrivedAt,
    settings,
  })
  let output: ObservedOutput | undefined
  let hasEnded = false
  const start = exchange.client.wantsStream ? relay<Uint8Array> : relaySource<Uint8Array>
  const relayed = start(source, origin.stages.concat(client.stages), {
    watermark: settings.watermark,
    budget: settings.budget,
    observers: [client.stallClock, { start: onStart }],
    flushMsFor: (reason) => {
      const { flushMs } = outcomeOf(reason)
      return flushMs === 'clientStallMs' ? clientStallMs : flushMs
    },
  })
  exchange.relaysBody((reason) => output?.error(reason))
  // Until then the limits of the call hold.
  if (answered !== undefined) {
    origin.clock.pause()
    answered.then(() => {
      // Its timer would outlive the stream.
      if (!hasEnded) origin.clock.resume()
    })
  }
  return relayed

  function onStart(started: ObservedOutput): void {
    output = started
  }

  function onEnd(summary: TapSummary, gaps: GapDistribution): void {
    hasEnded = true
    const { bytesOut, ...figures } = origin.figures(summary)
    const { heartbeats, addedBytes } = client.figures()
    const { verdict: ending, reason } = summary
    const { answerEnd: answer, isOver } = origin.llm ?? {}
    const decision = exchange.decide({ ending, reason, answer, isOver })
    const { error } = decision
    // The relay cancels the body. This closes the socket also where a `fetch` does not do so on cancel.
    // After a complete response it ends an upload that goes on.
    exchange.context.abort(error)
    if (firstEvent !== undefined) {
      // An event stream without any event is a failure of the upstream.
      const isEmpty = isSse && origin.countEvents() === 0
      if (error !== undefined) firstEvent.failed(error)
      else if (isEmpty) firstEvent.failed(new UpstreamNetworkError(new Error('No event came')))
      else firstEvent.came()
    }
    const { content } = origin
    const end = (): void =>
      exchange.end(
        decision,
        { ...figures, bytesOut: bytesOut + addedBytes, heartbeats },
        { gaps, contentGaps: content.gaps, contentMs: content.spanMs },
      )
    // The summary says how often the upstreams were asked, also if the client leaves before one has answered.
    if (answered === undefined) end()
    else answered.then(end)
  }
}
