import { checkNumber } from '../../base/check-number.ts'
import { reportError } from '../../base/report-error.ts'
import type { ServeOptions, TestServer } from '../test-server.ts'
import { FetchSink } from './fetch-sink.ts'
import type { RecordedRequest } from './recorded-request.ts'
import { type RequestHead, RequestRecord } from './request-record.ts'
import { runSteps, type StepSink, type StepSource } from './run-steps.ts'

/** The steps of a fake upstream: the same for each request, or returned by a function of the request. */
export type UpstreamScript =
  | StepSource
  | ((request: RecordedRequest) => StepSource | Promise<StepSource>)

/** The bound of what a {@link fakeUpstream} records. */
export interface FakeUpstreamOptions {
  /** Bytes to keep of each request's body. @default 16_777_216 (16 MiB) */
  maxBodyBytes?: number | undefined
}

/** An upstream that follows a script and records its requests. */
export interface FakeUpstream {
  /** Every request so far, in the order of arrival. */
  readonly requests: readonly RecordedRequest[]
  /** The number of open connections to its server. */
  readonly connections: number
  /** The upstream as a `fetch` without sockets. A coded body has its `content-encoding` header and is already decoded. */
  readonly fetch: typeof globalThis.fetch
  /** Resolves to the request with this index (default: the first) once it has arrived. */
  request(index?: number): Promise<RecordedRequest>
  /** Starts its server on a free port, once. Resolves to scheme, host and port. */
  listen(options?: ServeOptions): Promise<string>
  /** Stops the server, and breaks every response that is still open, of the server and of `fetch`. */
  close(): Promise<void>
}

/**
 * Makes an upstream that follows a script, on a real loopback socket and as a plain `fetch`.
 *
 * An array runs from its start for each request; pass a generator function, not a generator.
 *
 * - Holds a record of each request, and of its body at most `maxBodyBytes`.
 * - Backpressure: takes the next step when the client has taken the one before; see `pauses` and `bytesTaken`.
 * - Cancel: stops the script at once when the client disconnects; see `aborted`, `closed` and `closedAtMs`.
 * - Error: a script that throws breaks the connection, and a process warning shows the error.
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
  const sinks = new Set<FetchSink>()
  let server: Promise<TestServer> | undefined
  let connections = (): number => 0

  const addRecord = (head: Omit<RequestHead, 'index'>): RequestRecord => {
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
    // The given signal, not the request's own, which the garbage collector may take.
    const signal = init?.signal ?? (input instanceof Request ? input.signal : undefined)
    signal?.throwIfAborted()
    const { pathname, search, host } = new URL(request.url)
    const headers = new Headers(request.headers)
    if (!headers.has('host')) headers.set('host', host)
    const { method } = request
    const record = addRecord({ method, url: pathname + search, headers, httpVersion: 'fetch' })
    void record.readBody(request.body ?? [])
    const sink = new FetchSink(record)
    const onAbort = (): void => sink.breakOff(signal?.reason)
    signal?.addEventListener('abort', onAbort, { once: true })
    sinks.add(sink)
    void record.closed.then(() => {
      signal?.removeEventListener('abort', onAbort)
      sinks.delete(sink)
    })
    void run(record, sink)
    return await sink.response
  }

  const start = async (options: ServeOptions): Promise<TestServer> => {
    // Imported here, so that the entry point loads in runtimes without `node:http`.
    const { startUpstream } = await import('../node/start-upstream.ts')
    const started = await startUpstream(addRecord, run, options)
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
      for (const sink of sinks) sink.cut()
      await (await server)?.close()
    },
  }
}
