import type { Dialect } from '../llm/dialect.ts'
import type { Stage } from '../pipeline/stage.ts'
import { HeartbeatInjectorStage } from '../transforms/heartbeat-injector.ts'
import { ErrorFrameStage } from './error-frame.ts'
import type { ProxySettings } from './proxy-settings.ts'
import { StallClock } from './stall-clock.ts'

/** What a client line depends on. */
export interface ClientLineOptions {
  isSse: boolean
  /** Whether the client was sent the head before the upstream had answered. */
  isCommitted: boolean
  /** Whether the bytes that were sent end where an error frame may follow; absent if none ever may. */
  isAtBoundary: (() => boolean) | undefined
  /** The likely dialect of the response, by the request. */
  guess: Dialect
  /** Returns the dialect of the stream, as far as it is known. */
  dialect: () => Dialect
  /** The client's `accept` header. */
  accept: string | null
  clientStallMs: number
  /** Returns when the chunk at hand arrived, on the clock of `performance.now()`. */
  now: () => number
  settings: Pick<ProxySettings, 'heartbeatFor' | 'sendsErrors'>
}

/** The stages that belong to one client's copy of a stream. */
export interface ClientLine {
  readonly stages: readonly Stage<Uint8Array, Uint8Array>[]
  /** An observer: no bytes pass it. */
  readonly stallClock: StallClock
  /** Returns what the line added to the stream. */
  figures(): { heartbeats: number; addedBytes: number }
}

/** Creates the stages of a client's stream, heartbeats and the error event, and the clock for a stalled client. */
export function clientLine(options: ClientLineOptions): ClientLine {
  const { isSse, isCommitted, isAtBoundary, guess, dialect, accept, clientStallMs } = options
  const { now, settings } = options
  const plan = isSse ? settings.heartbeatFor({ dialect: guess, accept }) : undefined
  const heartbeat =
    plan && new HeartbeatInjectorStage(isCommitted ? { ...plan, atStart: true } : plan, now, true)
  const { sendsErrors } = settings
  const errors =
    isAtBoundary && new ErrorFrameStage({ sendsErrors, isCommitted, isAtBoundary, dialect })
  const stages: Stage<Uint8Array, Uint8Array>[] = []
  if (heartbeat !== undefined) stages.push(heartbeat)
  if (errors !== undefined) stages.push(errors)
  return {
    stages: stages.slice(),
    stallClock: new StallClock(clientStallMs),
    figures: () => ({
      heartbeats: heartbeat?.heartbeats ?? 0,
      addedBytes: (heartbeat?.heartbeatBytes ?? 0) + (errors?.frameBytes ?? 0),
    }),
  }
}
