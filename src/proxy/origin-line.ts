import { roundMs } from '../base/round-ms.ts'
import type { Dialect } from '../llm/dialect.ts'
import { LlmTap } from '../llm/llm-tap.ts'
import { NdjsonTap } from '../llm/ndjson-tap.ts'
import type { Stage } from '../pipeline/stage.ts'
import { EventRewriterStage } from '../transforms/event-rewriter.ts'
import type { GapDistribution } from '../transforms/gap-histogram.ts'
import { MetricsTapStage, type TapSummary } from '../transforms/metrics-tap.ts'
import type { Timeouts } from '../upstream/timeouts.ts'
import { FrameSplitterStage } from '../wire/frame-splitter.ts'
import { ActivityCounter } from './activity-counter.ts'
import { ContentTimes } from './content-times.ts'
import type { BodySummary } from './exchange.ts'
import type { ProxySettings } from './proxy-settings.ts'
import { UpstreamClock } from './upstream-clock.ts'

/** What an origin line depends on. */
export interface OriginLineOptions {
  isSse: boolean
  /** The dialects that the answer may have: those of its format. */
  dialects: readonly Dialect[]
  /** The likely dialect of the response, by the request. */
  guess: Dialect
  /** Whether the application says that it is that one. */
  isGiven: boolean
  /** Whether the event with the usage is withheld from the client. */
  hidesUsage: boolean
  /** When the request came, on the clock of `performance.now()`. */
  requestedAt: number
  timeouts: Timeouts
  settings: Pick<ProxySettings, 'maxEventBytes' | 'transform' | 'truncation'>
  onFirstEvent: () => void
  /** Ends the upstream's stream cleanly, once its answer is over. */
  finish: () => void
  onEnd: (summary: TapSummary, gaps: GapDistribution) => void
}

/** The figures of an upstream's stream. */
export type OriginFigures = Omit<BodySummary, 'heartbeats'>

/** The stages that belong to the upstream's stream. */
export interface OriginLine {
  readonly stages: readonly Stage<Uint8Array, Uint8Array>[]
  /** Raises the time limits of the upstream. */
  readonly clock: UpstreamClock
  /** Returns the number of events so far that `idleCounts` counts; of chunks for a body that is not an event stream. */
  countEvents(): number
  /** Reads the answer in the stream; absent if no dialect is looked for. */
  readonly llm: LlmTap | NdjsonTap | undefined
  /** When output of the model arrived. */
  readonly content: ContentTimes
  /** Returns the figures for a summary. `bytesOut` is what the line emitted. */
  figures(summary: TapSummary): OriginFigures
}

/** Creates the stages of an upstream's stream: clock, frame splitter, metrics, dialect, and the application's transform. */
export function originLine(options: OriginLineOptions): OriginLine {
  const { isSse, dialects, guess, isGiven, hidesUsage, requestedAt, timeouts } = options
  const { settings, onFirstEvent, finish, onEnd } = options
  // Not from the headers on: with retry or fallback the wait for the first event is over by now.
  const startedMs = performance.now() - requestedAt
  const now = (): number => clock.arrivedAt
  const tap = new MetricsTapStage<Uint8Array>({ onEnd, countEvents: isSse }, now)
  const activity = isSse && timeouts.idleCounts === 'events' ? new ActivityCounter() : undefined
  const countEvents = (): number => (isSse ? (activity?.count ?? tap.events) : tap.items)
  const { maxEventBytes, transform, truncation } = settings
  const failsTruncated = truncation === 'signal'
  const content = new ContentTimes()
  const onContent = (at: number): void => content.add(at)
  const tapOptions = {
    dialects,
    guess,
    isGiven,
    hidesUsage,
    requestedAt,
    now,
    failsTruncated,
    onContent,
  }
  const Tap = isSse ? LlmTap : NdjsonTap
  const llm = dialects.length > 0 ? new Tap(tapOptions) : undefined
  const { firstEventMs, idleMs, idleCounts, totalMs } = timeouts
  const clock = new UpstreamClock(
    { firstEventMs, idleMs, idleCounts, totalMs, requestedAt },
    { countEvents, onFirstEvent, isOver: () => llm?.isOver === true, finish },
  )
  const rewriter = isSse && transform !== undefined ? new EventRewriterStage(transform) : undefined

  const stages: Stage<Uint8Array, Uint8Array>[] = [clock]
  if (isSse) {
    // An answer that is whole, or whose error has been seen, is neither less because of what follows it.
    const mayEndInside = (): boolean =>
      !failsTruncated || (llm?.answerEnd ?? 'truncated') !== 'truncated'
    stages.push(new FrameSplitterStage({ maxEventBytes }, mayEndInside))
  }
  if (activity !== undefined) stages.push(activity)
  stages.push(tap)
  if (llm !== undefined) stages.push(llm)
  if (rewriter !== undefined) stages.push(rewriter)
  return {
    // A copy has no room for more.
    stages: stages.slice(),
    clock,
    countEvents,
    llm,
    content,
    figures: ({ firstItemMs, firstEventMs, events, gaps, pauses, bytes }) => {
      const bytesOut = rewriter?.bytesOut ?? bytes
      const figures: OriginFigures = { events, pauses, bytesIn: bytes, bytesOut }
      if (firstItemMs !== undefined) figures.firstItemMs = roundMs(startedMs + firstItemMs)
      if (isSse && firstEventMs !== undefined) {
        figures.firstEventMs = roundMs(startedMs + firstEventMs)
      }
      if (gaps !== undefined) figures.gaps = gaps
      // Of lines of JSON that are no answer of a known API there is nothing to say.
      if (llm !== undefined && (isSse || llm.isKnown)) figures.llm = llm.summary()
      return figures
    },
  }
}
