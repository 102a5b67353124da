import type { Verdict } from '../../src/base/verdict.ts'
import type { StreamSummary } from '../../src/proxy/stream-summary.ts'
import { type FrameMatch, matchFrames } from '../../test/support/sse/match-frames.ts'
import type { ClientSide } from './client-side.ts'
import { HEARTBEAT } from './lane.ts'
import { BUSY, FLOOD_FRAME, type UpstreamSide } from './soak-upstream.ts'
import type { StreamPlan } from './stream-plan.ts'

/** The records of all three sides of one stream at its end. */
export interface StreamSides {
  plan: StreamPlan
  client: ClientSide
  upstream: Pick<UpstreamSide, 'tries' | 'open' | 'isRequestWrong'>
  summaries: readonly StreamSummary[]
}

/** The allowed outcome of a stream that ends by itself. */
interface Expected {
  verdict: Verdict
  phase?: string
  status: number
  end: 'clean' | 'broken'
  /** Exactly these bytes, for a response that is not an event stream. */
  json?: Buffer
  /** All frames, or any number of leading frames. */
  frames: 'all' | 'some' | 'none'
  tail: Buffer
}

const NOTHING = Buffer.alloc(0)
const BLANK_LINE = Buffer.from('\n\n')
const CRLF = Buffer.from('\r\n')
/** More than the system buffers between an upstream and a client that reads nothing. */
const FLOOD_FRAMES = new Array<Buffer>(50_000).fill(FLOOD_FRAME)
const LEFT_VERDICTS: readonly Verdict[] = ['client_gone', 'complete']

/** Returns every deviation of a stream from its plan; nothing if there is none. */
export function judgeStream(sides: StreamSides): string[] {
  const { plan, client, upstream, summaries } = sides
  const breaches: string[] = []
  const [summary] = summaries
  if (summary === undefined || summaries.length > 1) {
    breaches.push(`${summaries.length} summaries`)
  }
  if (upstream.open > 0) {
    breaches.push(
      `${upstream.open} of ${upstream.tries} answers of the upstream were not let go of`,
    )
  }
  // undici closes an aborted HTTP/2 stream by `close()`, which ends the upload before it resets the stream.
  const isCutByUndici = plan.route === 'http2' && plan.scenario.endsWith('/leaves')
  if (upstream.isRequestWrong && !isCutByUndici) {
    breaches.push('the upstream got another request body')
  }
  if (summary === undefined) return breaches
  const match = matchFrames(client.body, framesOf(plan), HEARTBEAT)
  if (plan.scenario.endsWith('/leaves') || plan.scenario.endsWith('/stalls')) {
    return [...breaches, ...judgeLeft(sides, summary, match)]
  }
  const allowed = expectedOf(plan)
  if (isRefusedByBreaker(plan, summary)) allowed.push(refusal('upstream_error', 503))
  // An earlier failure of the upstream is more specific than its silence.
  if (plan.failures.includes('status') && allowed.some(({ status }) => status >= 502)) {
    allowed.push({ ...refusal('complete', 503), json: BUSY })
  }
  const problems = allowed.map((expected) => judgeEnd(sides, summary, match, expected))
  const best = problems.reduce((a, b) => (b.length < a.length ? b : a))
  if (plan.route !== 'guarded' && upstream.tries !== summary.attempts) {
    breaches.push(`${summary.attempts} attempts, the upstream saw ${upstream.tries}`)
  }
  return [...breaches, ...best]
}

function judgeLeft(
  { plan, client }: StreamSides,
  summary: StreamSummary,
  match: FrameMatch,
): string[] {
  const breaches: string[] = []
  const mayBeWhole = plan.scenario === 'complete/leaves'
  if (isRefusedByBreaker(plan, summary)) return breaches
  if (mayBeWhole ? !LEFT_VERDICTS.includes(summary.verdict) : summary.verdict !== 'client_gone') {
    breaches.push(`verdict ${summary.verdict} (${summary.code}) for a client that left`)
  }
  const isStall = plan.scenario === 'endless/stalls'
  if (isStall !== (summary.code === 'SSE_CLIENT_STALLED')) {
    breaches.push(`code ${summary.code} for ${plan.scenario}`)
  }
  if (client.status === 200 && match.rest.length > 0) {
    breaches.push(`bytes that were not sent: ${show(match.rest)}`)
  }
  return breaches
}

function judgeEnd(
  { plan, client }: StreamSides,
  summary: StreamSummary,
  found: FrameMatch,
  expected: Expected,
): string[] {
  const breaches: string[] = []
  const match = expected.frames === 'some' ? orCutAfterCr(client.body, plan, found) : found
  const differs = (name: string, is: unknown, wanted: unknown): void => {
    if (is !== wanted) breaches.push(`${name} is ${String(is)}, not ${String(wanted)}`)
  }
  differs('verdict', summary.verdict, expected.verdict)
  if (expected.phase !== undefined) differs('phase', summary.phase, expected.phase)
  differs('status', client.status, expected.status)
  differs('reported status', summary.status, expected.status)
  differs('end', client.end, expected.end)
  if (expected.json !== undefined) {
    if (!client.body.equals(expected.json)) breaches.push(`another body: ${show(client.body)}`)
    return breaches
  }
  if (client.status !== 200) {
    if (client.status >= 500 && !client.body.includes('"code":"SSE_')) {
      breaches.push(`an error without a code: ${show(client.body)}`)
    }
    return breaches
  }
  const { length } = plan.route === 'transformed' ? plan.rewritten : plan.sent
  if (expected.frames === 'all') differs('frames', match.frames, length)
  if (expected.frames === 'none') differs('frames', match.frames, 0)
  if (!match.tail.equals(expected.tail)) breaches.push(`a part of an event: ${show(match.tail)}`)
  const rest =
    plan.route === 'told' && expected.end === 'broken' ? lessError(match.rest) : match.rest
  if (rest.length > 0) breaches.push(`bytes that were not sent: ${show(rest)}`)
  // A slow client also receives everything that was sent.
  if (expected.end === 'clean' || plan.scenario.endsWith('/slow')) {
    differs('bytes out', summary.bytesOut, client.body.length)
    differs('heartbeats', summary.heartbeats, match.heartbeats)
  }
  return breaches
}

/** The allowed outcomes; more than one if a reset may overtake what was sent before it. */
function expectedOf(plan: StreamPlan): Expected[] {
  const whole: Expected = {
    verdict: 'complete',
    status: 200,
    end: 'clean',
    frames: 'all',
    tail: NOTHING,
  }
  const broken: Expected = { ...whole, verdict: 'upstream_error', end: 'broken' }
  const timeout: Expected = { ...broken, verdict: 'timeout' }
  const waits = plan.route === 'retried' || plan.route === 'fallback'
  switch (plan.scenario) {
    case 'truncated/reads':
      // An incomplete event cannot be transformed.
      return [
        {
          ...whole,
          verdict: 'truncated',
          tail: plan.route === 'transformed' ? NOTHING : plan.tail,
        },
      ]
    case 'cut/reads':
    case 'cut/slow':
      return plan.route === 'http2'
        ? [{ ...broken, frames: 'some' }, refusal('upstream_error', 502)]
        : [broken]
    case 'reset/reads':
    case 'reset/slow':
      return [{ ...broken, frames: 'some' }, refusal('upstream_error', 502)]
    case 'refused/reads':
      return [refusal('upstream_error', 502)]
    case 'silent-head/reads':
      return [{ ...refusal('timeout', 504), phase: 'headers' }]
    case 'silent-start/reads':
      return waits
        ? [{ ...refusal('timeout', 504), phase: 'first_event' }]
        : [{ ...timeout, phase: 'first_event', frames: 'none' }]
    case 'silent-middle/reads':
      return [{ ...timeout, phase: 'idle' }]
    case 'error/reads':
    case 'json/reads':
      return [{ ...whole, status: plan.status, json: plan.json }]
    case 'empty/reads':
      return [{ ...whole, status: 204, json: NOTHING }]
    default:
      return [whole]
  }
}

function refusal(verdict: Verdict, status: number): Expected {
  return { verdict, status, end: 'clean', frames: 'none', tail: NOTHING }
}

function isRefusedByBreaker(plan: StreamPlan, summary: StreamSummary): boolean {
  return plan.route === 'guarded' && summary.code === 'SSE_CIRCUIT_OPEN'
}

/** What the client of this stream may receive, frame by frame. */
function framesOf(plan: StreamPlan): readonly Buffer[] {
  if (plan.scenario.startsWith('endless')) return FLOOD_FRAMES
  if (plan.route === 'transformed') return plan.rewritten
  // A frame that never completes, to distinguish its beginning from what was not sent at all.
  return plan.tail.length > 0 ? [...plan.sent, Buffer.concat([plan.tail, BLANK_LINE])] : plan.sent
}

/**
 * The same, if the reset of an upstream came between the CR and the LF that end an event: it is complete with
 * its CR, and an error event may follow it.
 */
function orCutAfterCr(body: Buffer, plan: StreamPlan, match: FrameMatch): FrameMatch {
  const frames = framesOf(plan)
  const next = frames[match.frames]
  if (next?.subarray(-2).equals(CRLF) !== true) return match
  return matchFrames(body, [...frames.slice(0, match.frames), next.subarray(0, -1)], HEARTBEAT)
}

/** Without the error event, if there is exactly one. */
function lessError(rest: Buffer): Buffer {
  const text = rest.toString()
  return /^data: \{"error":\{[^\n]*"code":"SSE_[A-Z_]+"\}\}\n\n$/.test(text) ? NOTHING : rest
}

function show(bytes: Buffer): string {
  return JSON.stringify(bytes.subarray(0, 120).toString())
}
