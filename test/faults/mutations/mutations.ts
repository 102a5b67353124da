import { type Change, drop, empty, gives, swap } from './source-anchors.ts'

/** One mechanism of the library taken out, and the row of the faults whose test must fail then. */
export interface Mutation {
  row: string
  changes: readonly Change[]
}

/** Puts the stages of the client before those of the upstream, which then take heartbeats for its bytes. */
const HEARTBEATS_FIRST = swap(
  'relayResponse.relayed',
  'origin.stages.concat(client.stages)',
  'client.stages.concat(origin.stages)',
)

/**
 * Shows that each row's test detects the fault. P12 and P15 have none: fetch and undici hold them, not our code.
 * S7 and S8 have nothing yet that could be taken out.
 */
export const MUTATIONS: readonly Mutation[] = [
  without('L1', drop('Exchange.#onClientGone', 'SSE_CLIENT_GONE')),
  without('L2', drop('UpstreamClock.dispose', 'clearTimeout(')),
  // Writes have to wait then, or the pipe would loop.
  without(
    'L3',
    empty('WritableIntake.cancel'),
    drop('WritableIntake.#write', 'if (!this.driver.isRunning)'),
  ),
  without(
    'L3',
    drop('Exchange.#onClientGone', 'SSE_CLIENT_GONE'),
    drop('PushedBody.cancel', 'this.#request.abort(reason)'),
    drop('relayResponse.onEnd', 'exchange.context.abort(error)'),
  ),
  without('L3', drop('WATCHED_EVENTS', /^'aborted'$/)),
  without('L4', swap('BodyWriter.#onReadError', 'this.#onBreak(reason)', 'this.#res.end()')),
  without('L4', gives('breakResponse.onFlushed.waitMs', '0')),
  without('L5', swap('StallClock.#arm', 'startDeadline(delayMs', 'startDeadline(Infinity')),
  without('L6', swap('MetricsTapStage.#verdict', 'this.#counter.isBetweenEvents', 'true')),
  without(
    'L6',
    swap(
      'EventRewriterStage.push',
      'if (frameEnd === 0) break',
      'if (frameEnd === 0) return this.#emit(chunk, unsent, chunk.length)',
    ),
  ),
  without('L7', gives('PhaseLimit.start.abort', 'undefined')),
  without(
    'L7',
    swap('upstream/attempt', 'body, aborter }) stopHeadersLimit()', 'body, aborter })'),
    swap('dependableCall.attemptAt', '.finally(stopHeadersLimit)', ''),
  ),
  without('L8', swap('UpstreamClock.#limit', 'firstEventMs : idleMs', 'firstEventMs : Infinity')),
  without('L8', HEARTBEATS_FIRST),
  without(
    'L9',
    swap('clientLine.errors', 'isAtBoundary && new', 'new'),
    swap('clientLine.errors', ', isAtBoundary,', ', isAtBoundary: isAtBoundary ?? (() => true),'),
  ),
  without('L10', swap('BodyWriter.cancel', '.catch(() => {})', '')),
  without('L11', drop('HeartbeatInjectorStage.dispose', 'clearTimeout(')),
  without('L12', drop('createProxy.onOver', 'running.delete(')),
  without('L13', drop('FetchRequest.onGone', 'removeEventListener(')),
  without('L14', swap('createProxy.direct', 'closing !== undefined', 'false')),
  without('L14', drop('createProxy.drain', 'exchange.abort(reason)')),
  without('L15', drop('Exchange.end', 'if (this.#isOver)'), drop('StageLine.dispose', 'return')),
  without(
    'L16',
    swap('StageDriver.onDrained', 'afterMacrotask(() => this.#settle())', 'this.#settle()'),
  ),
  without('M1', swap('FrameSplitterStage.constructor', '(maxEventBytes)', '(maxEventBytes * 64)')),
  without('M2', swap('FrameSplitterStage.constructor', '(maxEventBytes)', '(maxEventBytes * 64)')),
  without('M3', gives('FrameSplitterStage.#grow.doubled', 'needed')),
  without('M4', swap('startRelay.marks', "'highBytes', highBytes", "'highBytes', highBytes * 16")),
  without('M4', swap('PushedBody.push', 'return !this.#isFull', 'return true')),
  without('M4', drop('ReadableQueue.pull', 'if (this.queued > this.#resumeAt)')),
  without(
    'M5',
    swap('HeartbeatInjectorStage.#mayBeat', 'this.#output.desiredSize > 0 &&', ''),
    swap('HeartbeatInjectorStage.#mayBeat', 'this.#output.queued === 0 &&', ''),
  ),
  without('M6', swap('StallClock.#arm', 'startDeadline(delayMs', 'startDeadline(Infinity')),
  without('M7', swap('fetchTransport.send', 'await fetched()', '(await fetched()).clone()')),
  without('M8', drop('requestHeaders', "'accept-encoding'")),
  without(
    'M8',
    swap('FrameSplitterStage.push', 'if (isOverLimit)', 'if (this.#scanner.openBytes > 1e8)'),
  ),
  without('M9', swap('createRetryDelay', 'Math.min(retryAfterMs, maxMs)', 'retryAfterMs')),
  without(
    'H1',
    swap('HeartbeatInjectorStage.#mayBeat', 'this.#sent?.isAtBoundary !== false &&', ''),
  ),
  without('H1', swap('HeartbeatInjectorStage.#mayBeat', 'this.#lastByte !== CR &&', '')),
  without(
    'H2',
    swap(
      'FrameSplitterStage.push',
      'this.#hold(chunk, boundary)',
      'this.#output.emit(chunk.subarray(boundary))',
    ),
  ),
  without(
    'H3',
    swap('heartbeatPlan', "typeof frame !== 'string' ||", "typeof frame !== 'string' &&"),
  ),
  without(
    'H4',
    swap('HeartbeatInjectorStage.#mayBeat', 'this.#output.desiredSize > 0', 'this.#hasSource'),
  ),
  without('H5', HEARTBEATS_FIRST),
  without('H6', swap('clientLine.plan', 'isSse ?', 'true ?')),
  without('P1', drop('responseHeaders', 'dropHopByHop(')),
  without('P1', drop('CONNECTION_HEADERS', /^'keep-alive'$/)),
  without('P2', swap('requestHeaders', 'if (!named.every(isRemovable)) return', '')),
  without(
    'P3',
    swap('responseHeaders', /(?<=if \(isSse\) \{\s+)headers\.delete\('content-length'\)/, ''),
  ),
  without(
    'P4',
    swap(
      'ResponseHandler.onResponseStart',
      'this.#resolve({ status, statusText, headers, body: null })',
      'dropDecoded(headers); this.#resolve({ status, statusText, headers, body: null })',
    ),
  ),
  without('P4', swap('dropDecoded', "etag?.startsWith('\"')", 'false')),
  without(
    'P5',
    swap('MetricsTapStage.#verdict', 'this.#counter.isBetweenEvents', 'true'),
    gives('FrameSplitterStage.end.isInsideEvent', 'false'),
  ),
  without('P6', swap('checked', ' || status > 599', '')),
  without(
    'P7',
    swap(
      'passOn',
      'return { status, statusText, headers, body: relayed }',
      'return { status: 200, statusText, headers, body: relayed }',
    ),
  ),
  without('P8', swap('node/headersOf', "if (!name.startsWith(':'))", '')),
  without('P9', drop('REPLACED', /^'expect'$/)),
  without('P10', swap('upstream/attempt', 'const { method } = call', "const method = 'GET'")),
  without('P11', drop('REPLACED', /^'range'$/)),
  without('P13', drop('responseHeaders', "headers.set('x-accel-buffering'")),
  without('P13', drop('responseHeaders', "headers.set('cache-control'")),
  without('P14', drop('responseHeaders', "headers.delete('set-cookie')")),
  without('P14', swap('transport/headersOf', 'headers.append(latin1(', 'headers.set(latin1(')),
  without('P16', drop('fetchTransport.send.fetched', "duplex: 'half'")),
  without('S1', drop('http/requestUrl', 'if (hasDotSegment(')),
  without('S2', swap('upstreamTargets', 'allowed.get(new URL(picked).href)', '[target(picked)]')),
  without('S3', swap('fetchTransport.send.fetched', "'manual'", "'follow'")),
  without('S4', swap('requestHeaders.isKept', '? forwardCredentials', '? true')),
  without('S4', drop('requestHeaders', 'for (const [name, value] of set)')),
  without('S5', swap('respond', 'hasLoop(client, via)', 'false')),
  without('S6', drop('DROPPED_PREFIXES', /^'x-forwarded-'$/)),
  without('S6', drop('setForwardedHeaders', "set('x-forwarded-host'")),
  without('S9', swap('StreamRegistry.sink', 'this.#named.size >= this.#maxRoutes', 'false')),
  without(
    'S10',
    swap(
      'fail',
      'return errorResponse(',
      'return Response.json((error as { cause?: { cause?: unknown } }).cause?.cause ?? null) ?? errorResponse(',
    ),
  ),
  without('S11', swap('isSseKitError', 'Object.hasOwn(OUTCOMES, code)', 'code in OUTCOMES')),
  without('S12', swap('MetricsTapStage.push', ': void {', ": void { JSON.parse('{}')")),
  without('S13', drop('ProxyCounters.streamEnded', 'this.active--')),
  without('S14', swap('callHook', 'reportHookError(name, error)', 'throw error')),
]

function without(row: string, ...changes: Change[]): Mutation {
  return { row, changes }
}
