import type { RequestListener } from 'node:http'
import { DISPATCH, FETCH_LOOP, OURS, OURS_RESILIENT, PIPE } from './names.ts'

/** Creates a listener for a `node:http` server that relays to an origin. */
export type Relay = (origin: string) => RequestListener | Promise<RequestListener>

/** The proxies for Node. Each is loaded alone: the packages of others would count as its memory. */
export const NODE_PROXIES: ReadonlyMap<string, () => Promise<Relay>> = new Map<
  string,
  () => Promise<Relay>
>([
  [PIPE, async () => (await import('./pipe.ts')).pipe],
  [FETCH_LOOP, async () => (await import('./fetch-loop.ts')).fetchLoop],
  [OURS, async () => (await import('./ours.ts')).ours],
  [OURS_RESILIENT, async () => (await import('./ours.ts')).oursResilient],
  [DISPATCH, async () => (await import('./dispatch.ts')).dispatch],
  ['httpxy', async () => (await import('./httpxy.ts')).httpxy],
  ['http-proxy-middleware', async () => (await import('./http-proxy-middleware.ts')).middleware],
  ['@fastify/reply-from', async () => (await import('./reply-from.ts')).replyFrom],
  ['h3 proxyRequest', async () => (await import('./h3.ts')).h3],
  ['hono proxy', async () => (await import('./hono.ts')).hono],
  ['five TransformStreams', async () => (await import('./five-transforms.ts')).fiveTransforms],
])
