import { shown } from '../base/shown.ts'

const ADDRESS = /^(localhost|\d+\.\d+\.\d+\.\d+|\[[\da-f:.]+\])(:\d+)?(\/|$)|^[^/:]+:\d+(\/|$)/i
const HOST = /^[\w.[\]:-]+(\/\S*)?$/

/**
 * Reads the URL of an upstream.
 *
 * @throws TypeError for a URL that is not absolute, is not http(s), or holds credentials; with what was likely
 * meant where the protocol is missing, and without what may be a password
 */
export function upstreamUrl(given: unknown): URL {
  if (given instanceof Request) {
    throw new TypeError(
      'The upstream must be a URL: got a Request. The request comes first: proxyFetch(request, upstream)',
    )
  }
  const text = String(given)
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined || (url.protocol !== 'http:' && url.protocol !== 'https:')) {
    const value = typeof given === 'string' ? JSON.stringify(masked(given)) : shown(given)
    throw new TypeError(
      `The upstream must be an absolute http: or https: URL: got ${value}${meant(text, given)}`,
    )
  }
  if (url.username !== '' || url.password !== '') {
    throw new TypeError('The URL of the upstream must not hold credentials: set them as headers')
  }
  return url
}

/** Less what may be a password: messages end up in logs. */
function masked(url: string): string {
  return url.replace(/[^/]*@/, '…@')
}

function meant(text: string, given: unknown): string {
  if (typeof given !== 'string' || text.includes('@') || text.includes('://') || !HOST.test(text)) {
    return ''
  }
  // What is served on this machine, or on a port of its own, rarely has TLS.
  const guess = `${ADDRESS.test(text) ? 'http' : 'https'}://${text}`
  return URL.canParse(guess) ? `. Did you mean ${guess}?` : ''
}
