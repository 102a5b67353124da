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

/** One upstream, where its URL alone does not say it all. */
export interface UpstreamOptions {
  /** The base: the request's path and query are appended to it. */
  url: string | URL
  /** Set on requests to this upstream, or removed from them. They win over the proxy's `headers`. @default none */
  headers?: HeadersLike | undefined
  /** Asks this upstream, instead of the proxy's pool. */
  fetch?: typeof fetch | undefined
  /** Limits of this upstream, where they differ from the proxy's. */
  timeouts?: TimeoutOptions | undefined
}

/** Where requests go. */
export type Upstream = string | URL | UpstreamOptions

/**
 * Where requests go: one upstream; several, of which the first that answers serves; or a function that picks
 * one of `allowedUpstreams` for a request, by its URL.
 */
export type Upstreams = Upstream | readonly Upstream[] | ((request: Request) => string | URL)

/** Which statuses count as a failure of the upstream. */
export type StatusRule = readonly number[] | ((status: number) => boolean)

/** When and how often an upstream is asked again. */
export interface RetryOptions extends RetryDelayOptions {
  /** How often each upstream is asked at most, the first time included. @default 2 */
  attempts?: number | undefined
  /** Statuses that are worth another try. @default [429, 500, 502, 503, 504, 529] */
  on?: StatusRule | undefined
}

/** How long what may take, in milliseconds; `false` for no limit. */
export interface TimeoutOptions {
  /** To get a connection, TLS included; of no effect with a `fetch` of your own. @default 10_000 */
  connectMs?: number | false | undefined
  /** From the request to the upstream's headers. @default 600_000 (10 min) */
  headersMs?: number | false | undefined
  /** From the headers to the first event, or byte where the answer is no event stream. @default 600_000 (10 min) */
  firstEventMs?: number | false | undefined
  /** Between two signs of life of the upstream, after the first. @default 120_000 (2 min) */
  idleMs?: number | false | undefined
  /** Whether any byte is a sign of life, or only an event: then comments and pings are none. @default 'bytes' */
  idleCounts?: 'bytes' | 'events' | undefined
  /** From the request to the end of the answer. @default 3_600_000 (1 h) */
  totalMs?: number | false | undefined
  /** While a client takes nothing of what is waiting for it. @default 120_000 (2 min) */
  clientStallMs?: number | false | undefined
}

/** How a proxy relays. */
export interface ProxyOptions {
  /**
   * Set on the upstream request, or removed from it where the value is `null` or `undefined`. A client can
   * neither override nor bring back any of them; the `headers` of an upstream win. A function gives them for
   * one request, such as a key per user. @default none
   */
  headers?: HeadersLike | ((request: Request) => HeadersLike | Promise<HeadersLike>) | undefined
  /**
   * The path for the upstream, in the place of the request's: rules such as
   * `{ '/api/chat': '/v1/chat/completions', '/api/': '/v1/' }`, of which a key that ends in `/` is a prefix, or
   * a function. The request's query is kept, unless the function returns one or changes that of the URL it is
   * given. The result is appended to the upstream's URL, and cannot leave it. @default the request's path
   */
  path?: PathFunction | PathRules | undefined
  /**
   * Whether the client's credentials go to the upstream: `authorization`, every name that ends in `api-key`,
   * and the others of `isCredentialHeader`. Off, since they are likely meant for the application.
   * @default false
   */
  forwardCredentials?: boolean | undefined
  /** Whether the upstream's `set-cookie` goes to the client. @default false */
  forwardSetCookie?: boolean | undefined
  /** Comments that keep a silent stream alive; `false` for none. */
  heartbeat?:
    | false
    | {
        /** How long no byte goes out before a heartbeat does, in milliseconds. @default 15_000 */
        intervalMs?: number | undefined
        /**
         * What is sent: `comment` for a comment and a blank line, `comment-line` for the comment alone, `blank` for
         * a blank line, or a frame of your own. `auto` chooses per request: `comment-line` where its `accept` header
         * has `text/event-stream`, else `blank` for Gemini's paths, else `comment`. @default 'auto'
         */
        frame?: 'auto' | 'comment' | 'comment-line' | 'blank' | (string & {}) | undefined
        /**
         * Whether a heartbeat goes out with the response head. Servers that keep the head back until there is a body
         * (Next, Fastify) send it at once then. @default false
         */
        atStart?: boolean | undefined
      }
    | undefined
  /** How long what may take. */
  timeouts?: TimeoutOptions | undefined
  /** How much each stream queues for a client that is slower than the upstream. */
  watermark?: ByteWatermarks | undefined
  /** The longest event in bytes; `Infinity` for no limit. @default 16_777_216 (16 MiB) */
  maxEventBytes?: number | undefined
  /**
   * The LLM API whose stream is relayed, for verdict, usage and error events: one of `sse-stream-kit/llm` or of your
   * own; several, of which the stream's first events decide; `false` for none. @default the four of `DIALECTS`
   */
  dialect?: false | Dialect | readonly Dialect[] | undefined
  /**
   * What a client is sent when an event stream ends cleanly inside an event, or without the terminal mark of its API:
   * `signal` sends an error event and breaks the connection, as clients take a clean end for a whole answer; `pass`
   * ends it cleanly too. The verdict is `truncated` either way. @default 'signal'
   */
  truncation?: 'signal' | 'pass' | undefined
  /**
   * Changes events on their way: return the same object for no change, another event, several, or `null`
   * for none. Only changed events are written anew; all else stays byte for byte what the upstream sent.
   */
  transform?: EventTransform | undefined
  /**
   * Asks again when the upstream cannot be reached, takes too long or answers with a status of `on`, before
   * anything has been sent to the client; `false` for never. With it the client's headers wait for the first
   * event, as they do with several upstreams. @default false
   */
  retry?: false | RetryOptions | undefined
  /** With several upstreams: which statuses lead to the next. @default those of `retry.on` */
  fallbackOn?: StatusRule | undefined
  /** The longest request body that is kept to be sent again, in bytes; a longer one is sent once. @default 1_048_576 (1 MiB) */
  replayBodyBytes?: number | undefined
  /**
   * Gives an upstream up for a while when it failed too often, per origin; or a policy of your own with the
   * shape of the `cockatiel` package's. Around each call from the connection to the first event.
   * @default none
   */
  breaker?:
    | false
    | (CircuitBreakerOptions & { on?: StatusRule | undefined })
    | CallPolicy
    | undefined
  /** The upstreams that a function may pick; no other is ever asked. */
  allowedUpstreams?: readonly Upstream[] | undefined
  /**
   * What a client is sent when an event stream fails after its headers: nothing but the broken connection, or
   * an error event first, in the form of the API at hand. @default 'break'
   */
  upstreamErrors?: 'break' | 'event-then-break' | undefined
  /** Sets `x-forwarded-*` and `via` on the upstream request. @default false */
  forwarded?: false | ForwardedOptions | undefined
  /** A bound on the bytes that are held over all streams, shared with other proxies. @default none */
  budget?: Budget | undefined
  /**
   * Called exactly once per request, however it ended, with its figures, and with the request and what went
   * wrong. What it throws or rejects with is reported and touches nothing.
   */
  onEnd?: ((summary: StreamSummary, context: EndContext) => void) | undefined
  /** Where figures are reported to, such as a registry of `sse-stream-kit/metrics`. */
  metrics?: MetricsSink | undefined
  /** Asks the upstream, instead of a pool of our own. */
  fetch?: typeof fetch | undefined
  /**
   * Sends the requests, instead of a pool of our own: a dispatcher of undici 7 or 8, such as
   * `new EnvHttpProxyAgent()` for a company's forward proxy. Its own limits for headers and body are off, and
   * `timeouts.connectMs` is of no effect. You close it: the proxy does not. Excludes `fetch` and `pool`.
   * @default none
   */
  dispatcher?: DispatcherLike | undefined
  /** The connections to the upstream; only for `sseProxy`, as `proxyFetch` shares one pool in the process. */
  pool?: UpstreamPoolOptions | undefined
}
