/** One mechanism of the library taken out, and the row of the faults whose test must fail then. */
export interface Mutation {
  /** The row, as its test's title begins. */
  row: string
  /** The file of its test. */
  test: 'life-cycle' | 'strict' | 'memory' | 'heartbeat' | 'http' | 'routing'
  /** File under `src/`, what stands there exactly once, and what takes its place. */
  edits: readonly (readonly [file: string, search: string, replace: string])[]
}

/**
 * What each row's test is worth. P12 and P15 are not here: fetch and undici hold them, no line of ours does.
 * S7 and S8 have nothing yet that could be taken out.
 */
export const MUTATIONS: readonly Mutation[] = [
  {
    row: 'L1',
    test: 'life-cycle',
    edits: [
      [
        'proxy/exchange.ts',
        "this.abort(new SseKitError('SSE_CLIENT_GONE', 'The client left'))",
        '',
      ],
    ],
  },
  {
    row: 'L2',
    test: 'life-cycle',
    edits: [
      [
        'proxy/watchdog.ts',
        'dispose(): void {\n    clearTimeout(this.#timer)',
        'dispose(): void {',
      ],
    ],
  },
  {
    row: 'L3',
    test: 'life-cycle',
    edits: [
      [
        'pipeline/stage-stream.ts',
        "dispose('cancelled', reason)\n    this.#controller.error(reason)\n    this.#letGo()",
        "dispose('cancelled', reason)",
      ],
    ],
  },
  {
    row: 'L4',
    test: 'life-cycle',
    edits: [
      [
        'node/body-writer.ts',
        'this.#stop()\n    this.#onBreak(reason)',
        'this.#stop()\n    this.#res.end()',
      ],
    ],
  },
  {
    row: 'L5',
    test: 'life-cycle',
    edits: [['proxy/watchdog.ts', 'return { at: since + clientStallMs,', 'return { at: Infinity,']],
  },
  {
    row: 'L6',
    test: 'life-cycle',
    edits: [['proxy/relay-body.ts', ': tailBytes > 0', ': false']],
  },
  {
    row: 'L7',
    test: 'life-cycle',
    edits: [
      [
        'upstream/call-upstream.ts',
        '() => controller.abort(new UpstreamTimeoutError(limit.phase, limit.timeoutMs))',
        '() => {}',
      ],
    ],
  },
  {
    row: 'L8',
    test: 'life-cycle',
    edits: [
      ['proxy/watchdog.ts', 'return { at: this.#activeAt + idleMs,', 'return { at: Infinity,'],
    ],
  },
  {
    row: 'L9',
    test: 'life-cycle',
    edits: [['proxy/relay-body.ts', 'isSse && settings.tellsErrors', 'settings.tellsErrors']],
  },
  {
    row: 'L10',
    test: 'strict',
    edits: [
      [
        'pipeline/relay.ts',
        'this.#reader.cancel(reason).catch(() => {})',
        'void this.#reader.cancel(reason)',
      ],
    ],
  },
  {
    row: 'L11',
    test: 'life-cycle',
    edits: [
      [
        'transforms/heartbeat-injector.ts',
        'dispose(): void {\n    clearTimeout(this.#timer)',
        'dispose(): void {',
      ],
    ],
  },
  {
    row: 'L12',
    test: 'life-cycle',
    edits: [['proxy/sse-proxy.ts', 'running.delete(over)', '']],
  },
  {
    row: 'L13',
    test: 'life-cycle',
    edits: [
      [
        'proxy/exchange.ts',
        "this.request.signal.removeEventListener('abort', this.#onClientGone)",
        '',
      ],
    ],
  },
  {
    row: 'L14',
    test: 'life-cycle',
    edits: [
      [
        'proxy/sse-proxy.ts',
        'if (closing !== undefined) return',
        'if (settings === undefined) return',
      ],
    ],
  },
  {
    row: 'L15',
    test: 'life-cycle',
    edits: [
      ['proxy/exchange.ts', 'if (this.#isOver) return', ''],
      ['pipeline/stage-line.ts', 'if (this.isDisposed) return\n    this.isDisposed = true', ''],
    ],
  },
  {
    row: 'M1',
    test: 'memory',
    edits: [
      [
        'wire/frame-splitter.ts',
        'new BoundaryScanner(maxEventBytes)',
        'new BoundaryScanner(maxEventBytes * 64)',
      ],
    ],
  },
  {
    row: 'M2',
    test: 'memory',
    edits: [
      [
        'wire/frame-splitter.ts',
        'new BoundaryScanner(maxEventBytes)',
        'new BoundaryScanner(maxEventBytes * 64)',
      ],
    ],
  },
  {
    row: 'M3',
    test: 'memory',
    edits: [
      [
        'wire/frame-splitter.ts',
        'Math.max(MIN_HELD_CAPACITY, needed, this.#held.length * 2)',
        'needed',
      ],
    ],
  },
  {
    row: 'M4',
    test: 'memory',
    edits: [
      [
        'pipeline/relay.ts',
        "checkMarks('highBytes', highBytes,",
        "checkMarks('highBytes', highBytes * 16,",
      ],
    ],
  },
  {
    row: 'M5',
    test: 'memory',
    edits: [
      [
        'transforms/heartbeat-injector.ts',
        'this.#output.desiredSize > 0 &&\n      this.#output.queued === 0 &&',
        '',
      ],
    ],
  },
  {
    row: 'M6',
    test: 'memory',
    edits: [['proxy/watchdog.ts', 'return { at: since + clientStallMs,', 'return { at: Infinity,']],
  },
  {
    row: 'M7',
    test: 'memory',
    edits: [
      [
        'proxy/attempt.ts',
        'received(exchange, target, response, controller)\n',
        'received(exchange, target, response.clone(), controller)\n',
      ],
    ],
  },
  {
    row: 'M8',
    test: 'memory',
    edits: [['proxy/request-headers.ts', "headers.set('accept-encoding', 'identity')", '']],
  },
  {
    row: 'M9',
    test: 'memory',
    edits: [['upstream/retry-delay.ts', 'Math.min(retryAfterMs, maxMs)', 'retryAfterMs']],
  },
  {
    row: 'H1',
    test: 'heartbeat',
    edits: [['transforms/heartbeat-injector.ts', 'this.#sent.isAtBoundary &&', '']],
  },
  {
    row: 'H2',
    test: 'heartbeat',
    edits: [
      [
        'wire/frame-splitter.ts',
        'this.#hold(chunk, boundary)\n',
        'this.#output.emit(chunk.subarray(boundary))\n',
      ],
    ],
  },
  {
    row: 'H3',
    test: 'heartbeat',
    edits: [
      [
        'transforms/heartbeat-injector.ts',
        "if (typeof frame !== 'string' ||",
        "if (typeof frame !== 'string' &&",
      ],
    ],
  },
  {
    row: 'H4',
    test: 'heartbeat',
    edits: [
      ['transforms/heartbeat-injector.ts', 'this.#output.desiredSize > 0 &&', 'this.#hasSource &&'],
    ],
  },
  {
    row: 'H5',
    test: 'heartbeat',
    edits: [
      ['proxy/relay-body.ts', '  stages.push(tap)\n', ''],
      [
        'proxy/relay-body.ts',
        'if (heartbeat !== undefined) stages.push(heartbeat)',
        'if (heartbeat !== undefined) stages.push(heartbeat)\n  stages.push(tap)',
      ],
    ],
  },
  {
    row: 'H6',
    test: 'heartbeat',
    edits: [['proxy/relay-body.ts', 'isSse && wanted !== false', 'wanted !== false']],
  },
  {
    row: 'P1',
    test: 'http',
    edits: [['proxy/response-headers.ts', '  dropHopByHop(headers)\n', '']],
  },
  {
    row: 'P2',
    test: 'http',
    edits: [
      [
        'proxy/request-headers.ts',
        'names.every((name) => TOKEN.test(name) && !PROTECTED.has(name)) ? names : undefined',
        'names.filter((name) => TOKEN.test(name))',
      ],
    ],
  },
  {
    row: 'P3',
    test: 'http',
    edits: [
      [
        'proxy/response-headers.ts',
        "if (isSse) {\n    headers.delete('content-length')",
        'if (isSse) {',
      ],
    ],
  },
  {
    row: 'P4',
    test: 'http',
    edits: [['proxy/response-headers.ts', 'coding !== null && hasBody &&', 'coding !== null &&']],
  },
  {
    row: 'P5',
    test: 'http',
    edits: [['proxy/relay-body.ts', ': tailBytes > 0', ': false']],
  },
  {
    row: 'P6',
    test: 'http',
    edits: [['proxy/attempt.ts', 'status < 200 || status > 599', 'status < 200']],
  },
  {
    row: 'P7',
    test: 'http',
    edits: [
      [
        'proxy/answer.ts',
        'new Response(relayed, { status, statusText, headers })',
        'new Response(relayed, { status: 200, headers })',
      ],
    ],
  },
  {
    row: 'P8',
    test: 'http',
    edits: [['node/to-request.ts', "if (!name.startsWith(':')) headers", 'headers']],
  },
  {
    row: 'P9',
    test: 'http',
    edits: [['proxy/request-headers.ts', "  'expect',\n", '']],
  },
  {
    row: 'P10',
    test: 'http',
    edits: [['proxy/attempt.ts', 'method: request.method,', "method: 'GET',"]],
  },
  {
    row: 'P11',
    test: 'http',
    edits: [['proxy/request-headers.ts', "  'range',\n", '']],
  },
  {
    row: 'P13',
    test: 'http',
    edits: [['proxy/response-headers.ts', "headers.set('x-accel-buffering', 'no')", '']],
  },
  {
    row: 'P14',
    test: 'http',
    edits: [
      ['proxy/response-headers.ts', "if (!forwardSetCookie) headers.delete('set-cookie')", ''],
    ],
  },
  {
    row: 'P16',
    test: 'http',
    edits: [['upstream/call-upstream.ts', "...(body !== null && { duplex: 'half' }),", '']],
  },
  {
    row: 'S1',
    test: 'routing',
    edits: [['proxy/request-url.ts', 'if (hasDotSegment(pathname)) return', '']],
  },
  {
    row: 'S2',
    test: 'routing',
    edits: [['proxy/upstream-targets.ts', 'allowed.get(new URL(picked).href)', '[target(picked)]']],
  },
  {
    row: 'S3',
    test: 'routing',
    edits: [['upstream/call-upstream.ts', "redirect: 'manual'", "redirect: 'follow'"]],
  },
  {
    row: 'S4',
    test: 'routing',
    edits: [['proxy/request-headers.ts', 'if (!forwardCredentials) for', 'if (false) for']],
  },
  {
    row: 'S5',
    test: 'routing',
    edits: [['proxy/answer.ts', 'hasLoop(request, via)', 'false']],
  },
  {
    row: 'S6',
    test: 'routing',
    edits: [['proxy/request-headers.ts', "  'x-forwarded-for',\n", '']],
  },
  {
    row: 'S9',
    test: 'routing',
    edits: [['metrics/stream-registry.ts', 'this.#named.size >= this.#maxRoutes', 'false']],
  },
  {
    row: 'S10',
    test: 'routing',
    edits: [
      [
        'proxy/answer.ts',
        "'The upstream could not be reached'",
        'JSON.stringify((error as { cause: { cause: unknown } }).cause.cause)',
      ],
    ],
  },
  {
    row: 'S11',
    test: 'routing',
    edits: [['proxy/verdict-of.ts', 'Object.hasOwn(BY_CODE, code) && ', '']],
  },
  {
    row: 'S12',
    test: 'routing',
    edits: [
      [
        'transforms/metrics-tap.ts',
        'push(item: T): void {',
        "push(item: T): void {\n    JSON.parse('{}')",
      ],
    ],
  },
  {
    row: 'S13',
    test: 'routing',
    edits: [['proxy/proxy-counters.ts', 'this.active--', '']],
  },
  {
    row: 'S14',
    test: 'routing',
    edits: [
      [
        'proxy/exchange.ts',
        'try {\n    hook()\n  } catch (error) {\n    reportHookError(error)\n  }',
        'hook()',
      ],
    ],
  },
]
