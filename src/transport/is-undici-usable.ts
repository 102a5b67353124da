import { Agent } from 'undici'

/**
 * Whether undici works on this runtime. Bun replaces it with a stub, on Deno it does not notice that a connection
 * broke, and workerd forbids the WebAssembly with which it parses HTTP.
 */
export function isUndiciUsable(): boolean {
  const { Deno, navigator } = globalThis as {
    Deno?: unknown
    navigator?: { userAgent?: string }
  }
  const isStub = typeof Agent.prototype.dispatch !== 'function'
  return !isStub && Deno === undefined && navigator?.userAgent !== 'Cloudflare-Workers'
}
