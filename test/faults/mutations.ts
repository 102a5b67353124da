/** One mechanism of the library taken out, and the row of the faults whose test must fail then. */
export interface Mutation {
  row: string
  /** File under `src/`, what stands there exactly once, and what takes its place. */
  edits: readonly (readonly [file: string, search: string, replace: string])[]
}

/**
 * What each row's test is worth. P12 and P15 are not here: fetch and undici hold them, no line of ours does.
 * S7 and S8 have nothing yet that could be taken out.
 */
export const MUTATIONS: readonly Mutation[] = [
  without(
    'L1',
    'proxy/exchange.ts',
    "this.abort(new SseKitError('SSE_CLIENT_GONE', 'The client left'))",
    '',
  ),
  without(
    'L2',
    'proxy/watchdog.ts',
    'dispose(): void {\n    clearTimeout(this.#timer)',
    'dispose(): void {',
  ),
  without(
    'L3',
    'pipeline/stage-stream.ts',
    "dispose('cancelled', reason)\n    this.#controller.error(reason)\n    this.#letGo()",
    "dispose('cancelled', reason)",
  ),
  {
    row: 'L3',
    edits: [
      [
        'proxy/exchange.ts',
        "this.abort(new SseKitError('SSE_CLIENT_GONE', 'The client left'))",
        '',
      ],
      ['pipeline/relay.ts', 'hadEnded ? undefined : this.#reader.cancel(reason)', 'undefined'],
      ['proxy/relay-body.ts', 'if (error !== undefined) exchange.abort(error)', ''],
    ],
  },
  without('L3', 'node/node-exchange.ts', "['close', 'error', 'aborted']", "['close', 'error']"),
  without(
    'L4',
    'node/body-writer.ts',
    'this.#stop()\n    this.#onBreak(reason)',
    'this.#stop()\n    this.#res.end()',
  ),
  without('L4', 'node/break-response.ts', 'sentAt() + FLUSH_MS - performance.now()', '0'),
  without(
    'L5',
    'proxy/watchdog.ts',
    'return { at: since + clientStallMs,',
    'return { at: Infinity,',
  ),
  without('L6', 'transforms/metrics-tap.ts', 'this.#counter.isBetweenEvents', 'true'),
  without(
    'L6',
    'transforms/event-rewriter.ts',
    'if (frameEnd === 0) break',
    'if (frameEnd === 0) return this.#emit(chunk, unsent, chunk.length)',
  ),
  without(
    'L7',
    'upstream/call-upstream.ts',
    'controller.abort(new UpstreamTimeoutError(limit.phase, limit.timeoutMs)),',
    '{},',
  ),
  without('L7', 'upstream/call-upstream.ts', '    clearTimeout(timer)\n', ''),
  without(
    'L8',
    'proxy/watchdog.ts',
    'return { at: this.#activeAt + idleMs,',
    'return { at: Infinity,',
  ),
  {
    row: 'L8',
    edits: [
      ['proxy/relay-body.ts', '[] = [watchdog]', '[] = []'],
      [
        'proxy/relay-body.ts',
        'if (heartbeat !== undefined) stages.push(heartbeat)',
        'if (heartbeat !== undefined) stages.push(heartbeat)\n  stages.push(watchdog)',
      ],
    ],
  },
  without('L9', 'proxy/relay-body.ts', 'isSse && settings.tellsErrors', 'settings.tellsErrors'),
  without(
    'L10',
    'pipeline/relay.ts',
    'this.#reader.cancel(reason).catch(() => {})',
    'void this.#reader.cancel(reason)',
  ),
  without(
    'L11',
    'transforms/heartbeat-injector.ts',
    'dispose(): void {\n    clearTimeout(this.#timer)',
    'dispose(): void {',
  ),
  without('L12', 'proxy/sse-proxy.ts', 'running.delete(over)', ''),
  without(
    'L13',
    'proxy/exchange.ts',
    "this.request.signal.removeEventListener('abort', this.#onClientGone)",
    '',
  ),
  without(
    'L14',
    'proxy/sse-proxy.ts',
    'if (closing !== undefined) return',
    'if (settings === undefined) return',
  ),
  without(
    'L14',
    'proxy/sse-proxy.ts',
    'for (const exchange of running) exchange.abort(reason)',
    '',
  ),
  {
    row: 'L15',
    edits: [
      ['proxy/exchange.ts', 'if (this.#isOver) return', ''],
      ['pipeline/stage-line.ts', 'if (this.isDisposed) return\n    this.isDisposed = true', ''],
    ],
  },
  without('L16', 'pipeline/outlet.ts', 'afterMacrotask(() => this.#settle())', 'this.#settle()'),
  without(
    'M1',
    'wire/frame-splitter.ts',
    'new BoundaryScanner(maxEventBytes)',
    'new BoundaryScanner(maxEventBytes * 64)',
  ),
  without(
    'M2',
    'wire/frame-splitter.ts',
    'new BoundaryScanner(maxEventBytes)',
    'new BoundaryScanner(maxEventBytes * 64)',
  ),
  without(
    'M3',
    'wire/frame-splitter.ts',
    'Math.max(MIN_HELD_CAPACITY, needed, this.#held.length * 2)',
    'needed',
  ),
  without(
    'M4',
    'pipeline/relay.ts',
    "checkMarks('highBytes', highBytes,",
    "checkMarks('highBytes', highBytes * 16,",
  ),
  without('M4', 'upstream/direct-body.ts', 'return !this.#isHeldBack', 'return true'),
  without('M4', 'pipeline/outlet.ts', 'if (this.queued > this.#resumeAt) return', ''),
  without(
    'M5',
    'transforms/heartbeat-injector.ts',
    'this.#output.desiredSize > 0 &&\n      this.#output.queued === 0 &&',
    '',
  ),
  without(
    'M6',
    'proxy/watchdog.ts',
    'return { at: since + clientStallMs,',
    'return { at: Infinity,',
  ),
  without(
    'M7',
    'proxy/attempt.ts',
    'received(exchange, target, response, controller)\n',
    'received(exchange, target, response.clone(), controller)\n',
  ),
  without('M8', 'http/request-headers.ts', "headers.set('accept-encoding', 'identity')", ''),
  without('M8', 'wire/frame-splitter.ts', 'if (isOverLimit)', 'if (this.#scanner.openBytes > 1e8)'),
  without('M9', 'upstream/retry-delay.ts', 'Math.min(retryAfterMs, maxMs)', 'retryAfterMs'),
  without('H1', 'transforms/heartbeat-injector.ts', 'this.#sent.isAtBoundary &&', ''),
  without('H1', 'transforms/heartbeat-injector.ts', '!this.#sent.isAfterCr &&', ''),
  without(
    'H2',
    'wire/frame-splitter.ts',
    'this.#hold(chunk, boundary)\n',
    'this.#output.emit(chunk.subarray(boundary))\n',
  ),
  without(
    'H3',
    'transforms/heartbeat-injector.ts',
    "if (typeof frame !== 'string' ||",
    "if (typeof frame !== 'string' &&",
  ),
  without(
    'H4',
    'transforms/heartbeat-injector.ts',
    'this.#output.desiredSize > 0 &&',
    'this.#hasSource &&',
  ),
  {
    row: 'H5',
    edits: [
      ['proxy/relay-body.ts', '  stages.push(tap)\n', ''],
      [
        'proxy/relay-body.ts',
        'if (heartbeat !== undefined) stages.push(heartbeat)',
        'if (heartbeat !== undefined) stages.push(heartbeat)\n  stages.push(tap)',
      ],
    ],
  },
  without('H6', 'proxy/relay-body.ts', 'isSse && wanted !== false', 'wanted !== false'),
  without('P1', 'http/response-headers.ts', '  dropHopByHop(headers)\n', ''),
  without('P1', 'http/header-kinds.ts', "  'keep-alive',\n", ''),
  without('P2', 'http/request-headers.ts', 'if (!named.every(mayBeNamed)) return', ''),
  without(
    'P3',
    'http/response-headers.ts',
    "if (isSse) {\n    headers.delete('content-length')",
    'if (isSse) {',
  ),
  without('P4', 'http/response-headers.ts', 'coding !== null && hasBody &&', 'coding !== null &&'),
  without('P4', 'http/response-headers.ts', "if (etag?.startsWith('\"'))", 'if (false)'),
  without('P5', 'transforms/metrics-tap.ts', 'this.#counter.isBetweenEvents', 'true'),
  without('P6', 'proxy/attempt.ts', 'status < 200 || status > 599', 'status < 200'),
  without(
    'P7',
    'proxy/answer.ts',
    'new Response(relayed, { status, statusText, headers })',
    'new Response(relayed, { status: 200, headers })',
  ),
  without('P8', 'node/to-request.ts', "if (!name.startsWith(':')) headers", 'headers'),
  without('P9', 'http/header-kinds.ts', "  'expect',\n", ''),
  without('P10', 'proxy/attempt.ts', 'method: request.method,', "method: 'GET',"),
  without('P11', 'http/header-kinds.ts', "  'range',\n", ''),
  without(
    'P13',
    'http/response-headers.ts',
    "headers.set('x-accel-buffering', EVENT_STREAM_HEADERS['x-accel-buffering'])",
    '',
  ),
  without(
    'P13',
    'http/response-headers.ts',
    "headers.set('cache-control', EVENT_STREAM_HEADERS['cache-control'])",
    '',
  ),
  without(
    'P14',
    'http/response-headers.ts',
    "if (!forwardSetCookie) headers.delete('set-cookie')",
    '',
  ),
  without(
    'P14',
    'http/response-headers.ts',
    'headers.append(name, value)',
    'headers.set(name, value)',
  ),
  without('P16', 'upstream/call-upstream.ts', "...(body !== null && { duplex: 'half' }),", ''),
  without('P16', 'node/node-exchange.ts', 'this.#web?.release()\n    drainUpload(this.#req)', ''),
  without(
    'S1',
    'http/request-url.ts',
    'new URL(request)\n  if (hasDotSegment(pathname)) return',
    'new URL(request)',
  ),
  without(
    'S2',
    'proxy/upstream-targets.ts',
    'allowed.get(new URL(picked).href)',
    '[target(picked)]',
  ),
  without('S3', 'upstream/call-upstream.ts', "redirect: 'manual'", "redirect: 'follow'"),
  without('S4', 'http/request-headers.ts', '? forwardCredentials :', '? true :'),
  without(
    'S4',
    'http/request-headers.ts',
    'for (const [name, value] of set) headers.set(name, value)',
    '',
  ),
  without('S5', 'proxy/answer.ts', 'hasLoop(request, via)', 'false'),
  without('S6', 'http/header-kinds.ts', "  'x-forwarded-',\n", ''),
  without('S6', 'http/forwarded-headers.ts', "set('x-forwarded-host', host)", ''),
  without('S9', 'metrics/stream-registry.ts', 'this.#named.size >= this.#maxRoutes', 'false'),
  without(
    'S10',
    'proxy/answer.ts',
    'return errorResponse(\n    code,',
    'return Response.json((error as { cause?: { cause?: unknown } }).cause?.cause ?? null) ?? errorResponse(\n    code,',
  ),
  without('S11', 'base/outcomes.ts', 'Object.hasOwn(OUTCOMES, code)', 'code in OUTCOMES'),
  without(
    'S12',
    'transforms/metrics-tap.ts',
    'push(item: T): void {',
    "push(item: T): void {\n    JSON.parse('{}')",
  ),
  without('S13', 'proxy/proxy-counters.ts', 'this.active--', ''),
  without(
    'S14',
    'base/call-hook.ts',
    '    reportHookError(name, error)\n    return\n',
    '    throw error\n',
  ),
]

function without(row: string, file: string, search: string, replace: string): Mutation {
  return { row, edits: [[file, search, replace]] }
}
