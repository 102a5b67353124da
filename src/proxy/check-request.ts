import { shown } from '../base/shown.ts'

/**
 * Checks that the argument of a proxy is a `Request`, of any realm or class.
 *
 * @throws TypeError that names the cure: the adapter for Node's servers, or the right order of arguments
 */
export function checkRequest(name: string, request: unknown): asserts request is Request {
  const { url, headers, method, rawHeaders } = (request ?? {}) as Record<string, unknown>
  const isRequest =
    typeof url === 'string' &&
    typeof method === 'string' &&
    typeof (headers as { get?: unknown } | undefined)?.get === 'function'
  if (isRequest) return
  const cure =
    rawHeaders === undefined
      ? ''
      : ". For node:http, Express, Fastify and Koa wrap it: toNodeHandler(proxy), from 'sse-stream-kit/node'"
  throw new TypeError(`${name} needs a Request as its first argument: got ${shown(request)}${cure}`)
}
