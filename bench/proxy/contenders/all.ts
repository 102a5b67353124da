import type { RequestListener } from 'node:http'

/** Creates a listener for a `node:http` server that relays to an origin. */
export type Relay = (origin: string) => RequestListener | Promise<RequestListener>

export const PIPE = 'http.request().pipe(res)'
/** The baseline of a proxy built on `fetch`. */
export const FETCH_LOOP = 'undici fetch, read in a loop'
export const OURS = 'sseProxy'
export const OURS_RESILIENT = 'sseProxy: retry, breaker, budget, error events'

/** Ways to relay a stream, by name. Each is loaded alone: the packages of others would count as its memory. */
export const CONTENDERS: ReadonlyMap<string, () => Promise<Relay>> = new Map([
  [PIPE, async () => (await import('./pipe.ts')).pipe],
  [FETCH_LOOP, async () => (await import('./fetch-loop.ts')).fetchLoop],
  [OURS, async () => (await import('./ours.ts')).ours],
  [OURS_RESILIENT, async () => (await import('./ours.ts')).oursResilient],
])
