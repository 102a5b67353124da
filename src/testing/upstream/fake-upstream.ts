import { checkNumber } from '../../base/check-number.ts'
import { reportError } from '../../base/report-error.ts'
import type { ServeOptions, TestServer } from '../test-server.ts'
import { FetchSink } from './fetch-sink.ts'
import type { RecordedRequest } from './recorded-request.ts'
import { type RequestHead, RequestRecord } from './request-record.ts'
import { runSteps, type StepSink, type StepSource } from './run-steps.ts'

/** What a fake upstream does for each request: always the same steps, or those that a function gives. */
export type UpstreamScript =
  | StepSource
  | ((request: RecordedRequest) => StepSource | Promise<StepSource>)

/** What a {@link fakeUpstream} keeps. */
export interface FakeUpstreamOptions {
  /** How much of each request's body is kept, in bytes. @default 16_777_216 (16 MiB) */
  maxBodyBytes?: number | undefined
}

/** An upstream that follows a script and remembers who asked for what. */
export interface FakeUpstream {
  /** Every request so far, in the order of arrival. */
  readonly requests: readonly RecordedRequest[]
  /** How many connections to its server are open now. */
  readonly connections: number
  /** The upstream as a plain `fetch`, without sockets. A content coding is told in the headers and already decoded. */
  readonly fetch: typeof globalThis.fetch
  /** Resolves to the request of that index, the first by default, when it has arrived. */
  request(index?: number): Promise<RecordedRequest>
  /** Starts its server on a port of its own, once; resolves to scheme, host and port. */
  listen(options?: ServeOptions): Promise<string>
  /** Stops the server and breaks what is still open, on both faces. */
  close(): Promise<void>
}

/**
 * Makes an upstream that does what a script says, over a real loopback socket and as a plain `fetch`.
 *
 * A script that is an array runs from its start for each request; for a generator pass the generator function.
 *
 * - Holds a record of each request, and of its body at most `maxBodyBytes`.
 * - Backpressure: the next step waits until the client has taken the one before; `pauses` and `bytesTaken` tell.
 * - Cancel: when the client leaves, the script stops at once, and `aborted`, `closed` and `closedAtMs` tell.
 * - Error: a script that throws breaks the connection, and is reported as a process warning.
 *
 * @throws RangeError for a `maxBodyBytes` below 0
 *
 * @example Test what a client does when a stream is cut
 * ```ts
 * import { fakeUpstream, step } from 'sse-stream-kit/testing'
 *
 * const upstream = fakeUpstream([step.send({ data: 'one' }), step.cut()])
 * const url = await upstream.listen()
 * const response = await fetch(url, { method: 'POST', body: 'prompt' })
 * console.log(await response.text().catch((error: Error) => error.message))
 * console.log(await upstream.requests[0]?.text())
 * await upstream.close()
 * ```
 */
export function fakeUpstream(
  script: UpstreamScript,
  { maxBodyBytes = 16_777_216 }: FakeUpstreamOptions = {},
): FakeUpstream {
  checkNumber('maxBodyBytes', maxBodyBytes, { min: 0, infinity: true })
  const records: RequestRecord[] = []
  const waiting = new Map<number, ((request: RecordedRequest) => void)[]>()
  const faces = new Set<FetchSink>()
  let server: Promise<TestServer> | undefined
  let connections = (): number => 0

  const arrive = (head: Omit<RequestHead, 'index'>): RequestRecord => {
    const record = new RequestRecord({ ...head, index: records.length }, maxBodyBytes)
    records.push(record)
    for (const resolve of waiting.get(record.index) ?? []) resolve(record)
    waiting.delete(record.index)
    return record
  }

  const run = async (record: RequestRecord, sink: StepSink): Promise<void> => {
    try {
      const steps = typeof script === 'function' ? await script(record) : script
      await runSteps(steps, sink, record)
    } catch (error) {
      reportError('The script of a fake upstream failed, and its connection was reset', error)
      record.isDone = true
      await sink.reset()
    }
  }

  const fakeFetch: typeof globalThis.fetch = async (input, init) => {
    const request = new Request(input, init)
    // The signal that was given, not the request's own: that one can be lost to the garbage collector.
    const signal = init?.signal ?? (input instanceof Request ? input.signal : undefined)
    signal?.throwIfAborted()
    const { pathname, search, host } = new URL(request.url)
    const headers = new Headers(request.headers)
    if (!headers.has('host')) headers.set('host', host)
    const { method } = request
    const record = arrive({ method, url: pathname + search, headers, httpVersion: 'fetch' })
    void record.readBody(request.body ?? [])
    const sink = new FetchSink(record)
    const onAbort = (): void => sink.breakOff(signal?.reason)
    signal?.addEventListener('abort', onAbort, { once: true })
    faces.add(sink)
    void record.closed.then(() => {
      signal?.removeEventListener('abort', onAbort)
      faces.delete(sink)
    })
    void run(record, sink)
    return await sink.response
  }

  const start = async (options: ServeOptions): Promise<TestServer> => {
    // Imported here, so that the entry point loads in runtimes without `node:http`.
    const { startUpstream } = await import('../node/start-upstream.ts')
    const started = await startUpstream(arrive, run, options)
    connections = () => started.connections
    return started
  }

  return {
    requests: records,
    fetch: fakeFetch,
    get connections() {
      return connections()
    },
    request: async (index = 0) =>
      records[index] ??
      (await new Promise((resolve) => {
        waiting.set(index, [...(waiting.get(index) ?? []), resolve])
      })),
    listen: async (options = {}) => {
      server ??= start(options)
      try {
        return (await server).url
      } catch (error) {
        server = undefined
        throw error
      }
    },
    close: async () => {
      for (const face of faces) face.cut()
      await (await server)?.close()
    },
  }
}
