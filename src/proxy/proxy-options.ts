import type { ForwardedOptions } from '../http/forwarded-headers.ts'
import type { HeadersLike } from '../http/header-changes.ts'
import type { PathFunction, PathRules } from '../http/path-rules.ts'
import type { Dialect } from '../llm/dialect.ts'
import type { Budget } from '../pipeline/budget.ts'
import type { ByteWatermarks } from '../pipeline/watermarks.ts'
import type { EventTransform } from '../transforms/event-rewriter.ts'
import type { DispatcherLike } from '../transport/undici-transport.ts'
import type { UpstreamPoolOptions } from '../transport/upstream-pool.ts'
import type { CallPolicy, CircuitBreakerOptions } from '../upstream/circuit-breaker.ts'
import type { RetryDelayOptions } from '../upstream/retry-delay.ts'
import type { MetricsSink } from './metrics-sink.ts'
import type { EndContext, StreamSummary } from './stream-summary.ts'

/** An upstream with options of its own. */
export interface UpstreamOptions {
  /** The base URL, to which the request's path and query are appended. */
  url: string | URL
  /** Set on requests to this upstream, or removed from them. They override the proxy's `headers`. @default none */
  headers?: HeadersLike | undefined
  /** Sends the requests to this upstream. @default the proxy's `fetch`, `dispatcher` or pool */
  fetch?: typeof fetch | undefined
  /** Limits of this upstream in milliseconds. @default those of the proxy */
  timeouts?: TimeoutOptions | undefined
}

/** Where requests go. */
export type Upstream = string | URL | UpstreamOptions

/**
 * Where requests go: one upstream; several, which are tried in order; or a function that returns the URL of one of
 * `allowedUpstreams` for a request.
 */
export type Upstreams = Upstream | readonly Upstream[] | ((request: Request) => string | URL)

/** Which statuses count as a failure of the upstream. */
export type StatusRule = readonly number[] | ((status: number) => boolean)

/** When and how often a request is sent again. */
export interface RetryOptions extends RetryDelayOptions {
  /** The largest number of requests to each upstream, the first one included. @default 2 */
  attempts?: number | undefined
  /** Statuses that lead to another attempt. @default [429, 500, 502, 503, 504, 529] */
  on?: StatusRule | undefined
}

/** Limits in milliseconds; `false` or `Infinity` for none. */
export interface TimeoutOptions {
  /**
   * Milliseconds to get a connection, TLS included. No effect with a `fetch` or a `dispatcher` of your own.
   * @default 10_000
   */
  connectMs?: number | false | undefined
  /** Milliseconds from the start of an attempt to the response headers. @default 600_000 (10 min) */
  headersMs?: number | false | undefined
  /**
   * Milliseconds from the response headers to the first event, or to the first byte of a response that is not an event
   * stream. @default 600_000 (10 min)
   */
  firstEventMs?: number | false | undefined
  /** Milliseconds without a byte, or an event (`idleCounts`), after the first event. @default 120_000 (2 min) */
  idleMs?: number | false | undefined
  /** What `idleMs` waits for: any byte, or an event other than `ping`. @default 'bytes' */
  idleCounts?: 'bytes' | 'events' | undefined
  /** Milliseconds from the request to the end of the response, over all attempts. @default 3_600_000 (1 h) */
  totalMs?: number | false | undefined
  /** Milliseconds in which a client reads nothing of what is queued for it. @default 120_000 (2 min) */
  clientStallMs?: number | false | undefined
}

/** The options of a proxy. */
export interface ProxyOptions {
  /**
   * Set on the upstream request, or removed from it where the value is `null` or `undefined`. A client can neither
   * override nor restore any of them; the `headers` of an upstream do override them. A function returns them for one
   * request, such as a key per user. @default none
   */
  headers?: HeadersLike | ((request: Request) => HeadersLike | Promise<HeadersLike>) | undefined
  /**
   * The path for the upstream: rules such as `{ '/api/chat': '/v1/chat/completions', '/api/': '/v1/' }`, in which a key
   * that ends in `/` is a prefix, or a function. Keeps the request's query, unless the function returns one or changes
   * that of its URL. The result is appended to the upstream's URL, and cannot leave it. @default the request's path
   */
  path?: PathFunction | PathRules | undefined
  /**
   * Whether to forward the client's credentials: `authorization`, every name that ends in `api-key`, and the others of
   * `isCredentialHeader`. They are likely meant for the application. @default false
   */
  forwardCredentials?: boolean | undefined
  /** Whether to forward the upstream's `set-cookie` to the client. @default false */
  forwardSetCookie?: boolean | undefined
  /** What is sent while an event stream is silent; `false` for nothing. @default a comment every 15_000 ms */
  heartbeat?:
    | false
    | {
        /** Milliseconds without a byte to the client before a heartbeat is sent. @default 15_000 */
        intervalMs?: number | undefined
        /**
         * `comment` for a comment and a blank line, `comment-line` for the comment alone, `blank` for a blank line, or a
         * frame of your own. `auto` chooses per request: `comment-line` if its `accept` header has `text/event-stream`,
         * else `blank` for Gemini's paths, else `comment`. @default 'auto'
         */
        frame?: 'auto' | 'comment' | 'comment-line' | 'blank' | (string & {}) | undefined
        /**
         * Whether to send a heartbeat with the response head. Servers that delay the head until there is a body (Next,
         * Fastify) then send it at once. @default false
         */
        atStart?: boolean | undefined
        /**
         * After how many milliseconds without a response of the upstream a client that wants an event stream is sent
         * status 200 and a heartbeat; `false` for never. The price: a later failure, also of status, can only be told in
         * an error event, and the upstream's headers do not reach the client. Retry and fallback go on behind it. The
         * request's JSON body is read first, to see whether it has `"stream": true`. @default false
         */
        commitAfterMs?: number | false | undefined
      }
    | undefined
  /** Limits in milliseconds. @default those of {@link TimeoutOptions} */
  timeouts?: TimeoutOptions | undefined
  /** How many bytes each stream queues for a slow client. @default those of {@link ByteWatermarks} */
  watermark?: ByteWatermarks | undefined
  /** The longest event, in bytes; `Infinity` for no limit. @default 16_777_216 (16 MiB) */
  maxEventBytes?: number | undefined
  /**
   * The LLM API whose stream is relayed, for verdict, usage and error events: one of `sse-stream-kit/llm` or of your
   * own; several, of which the stream's first events decide; `false` for none. @default the four of `DIALECTS`
   */
  dialect?: false | Dialect | readonly Dialect[] | undefined
  /**
   * What a client is sent when an event stream ends cleanly inside an event, or without the terminal mark of its API:
   * `signal` sends an error event and breaks the connection, because clients take a clean end for a complete response; `pass`
   * ends it cleanly too. The verdict is `truncated` either way. @default 'signal'
   */
  truncation?: 'signal' | 'pass' | undefined
  /**
   * Whether to ask for usage in streamed chat completions, by setting `stream_options.include_usage` in the JSON of the
   * request. A client that has not asked for it itself does not get the extra event. The body is read before it is
   * sent, up to `replayBodyBytes`. @default false
   */
  includeUsage?: boolean | undefined
  /**
   * Changes events: return the same object for no change, another event, several, or `null` for none. Only changed
   * events are encoded again; everything else stays byte for byte what the upstream sent. @default none
   */
  transform?: EventTransform | undefined
  /**
   * Sends the request again when the upstream cannot be reached, times out or responds with a status of `on`, before
   * anything has been sent to the client; `false` for never. It delays the client's response headers until the first
   * event, as several upstreams do. @default false
   */
  retry?: false | RetryOptions | undefined
  /** With several upstreams: the statuses that lead to the next one. @default those of `retry.on` */
  fallbackOn?: StatusRule | undefined
  /**
   * The longest request body that is buffered to be sent again, in bytes; a longer one is sent once.
   * @default 1_048_576 (1 MiB)
   */
  replayBodyBytes?: number | undefined
  /**
   * Sends no requests to an upstream for a while after too many failures, per origin; or a policy of your own, such as
   * one of the `cockatiel` package. Wraps each attempt, from the connection to the first event. A policy gets one
   * `execute()` per attempt: retries are those of `retry`. @default false
   */
  breaker?:
    | false
    | (CircuitBreakerOptions & {
        /** Statuses that count as a failure. @default 500 and above */
        on?: StatusRule | undefined
      })
    | CallPolicy
    | undefined
  /** The upstreams whose URLs a function may return. @default none */
  allowedUpstreams?: readonly Upstream[] | undefined
  /**
   * What a client gets when an event stream fails after its headers: a broken connection, or before it an error event in
   * the form of the API in use. @default 'break'
   */
  upstreamErrors?: 'break' | 'event-then-break' | undefined
  /** Sets `x-forwarded-*` and `via` on the upstream request; `false` for neither. @default false */
  forwarded?: false | ForwardedOptions | undefined
  /** Bounds the bytes that all streams queue together, also those of other proxies with the same budget. @default none */
  budget?: Budget | undefined
  /**
   * Called exactly once per request, on every path, with its figures, the request and the error. What it throws or
   * rejects with is reported and does not affect the stream. @default none
   */
  onEnd?: ((summary: StreamSummary, context: EndContext) => void) | undefined
  /** Receives the figures, such as a registry of `sse-stream-kit/metrics`; several sinks as a list. @default none */
  metrics?: MetricsSink | readonly MetricsSink[] | undefined
  /** Sends the requests instead of the pool. Excludes `dispatcher`. @default none */
  fetch?: typeof fetch | undefined
  /**
   * Sends the requests instead of the pool: a dispatcher of undici 7 or 8, such as `new EnvHttpProxyAgent()` for a
   * company's forward proxy. Its own limits for headers and body are off, and `timeouts.connectMs` has no effect. You
   * close it: the proxy does not. Excludes `fetch` and `pool`. @default none
   */
  dispatcher?: DispatcherLike | undefined
  /**
   * The connections to the upstream. Only for `sseProxy`: `proxyFetch` shares one pool in the process.
   * @default those of {@link UpstreamPoolOptions}
   */
  pool?: UpstreamPoolOptions | undefined
}
