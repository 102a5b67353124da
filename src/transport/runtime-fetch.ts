import { Agent } from 'undici'

/**
 * Makes a `fetch` out of the runtime's own where undici does not work: Bun replaces it by a stub, on Deno it does not
 * see that a connection broke, and workerd forbids the WebAssembly with which it parses HTTP.
 *
 * The runtime keeps the connections: there is nothing to close, and nothing to configure but TLS on Bun.
 *
 * @returns `undefined` where undici works
 */
export function runtimeFetch(tls: object | undefined): typeof fetch | undefined {
  const { Deno, navigator } = globalThis as {
    Deno?: unknown
    navigator?: { userAgent?: string }
  }
  const isStub = typeof Agent.prototype.dispatch !== 'function'
  if (!isStub && Deno === undefined && navigator?.userAgent !== 'Cloudflare-Workers') return
  // Both are Bun's: TLS for one request, and no limit of 5 minutes on it. Other runtimes ignore them.
  const own: object = { timeout: false, ...(tls !== undefined && { tls }) }
  const call = (url: string, init: object): Promise<Response> => fetch(url, { ...init, ...own })
  return call as typeof fetch
}
