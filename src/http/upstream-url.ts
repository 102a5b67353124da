import { shown } from '../base/shown.ts'

const ADDRESS = /^(localhost|\d+\.\d+\.\d+\.\d+|\[[\da-f:.]+\])(:\d+)?(\/|$)|^[^/:]+:\d+(\/|$)/i
const HOST = /^[\w.[\]:-]+(\/\S*)?$/

/**
 * Parses the URL of an upstream.
 *
 * @throws TypeError for a URL that is not absolute, is not http(s), or contains credentials. The message suggests a
 * missing protocol and masks passwords.
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
    throw new TypeError('The upstream URL must not contain credentials. Set them as headers')
  }
  return url
}

/** Masks what may be a password: messages end up in logs. */
function masked(url: string): string {
  return url.replace(/[^/]*@/, '…@')
}

function meant(text: string, given: unknown): string {
  if (typeof given !== 'string' || text.includes('@') || text.includes('://') || !HOST.test(text)) {
    return ''
  }
  // Servers on localhost, on an IP address or with a port rarely use TLS.
  const guess = `${ADDRESS.test(text) ? 'http' : 'https'}://${text}`
  return URL.canParse(guess) ? `. Did you mean ${guess}?` : ''
}
