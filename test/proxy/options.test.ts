import { type ProxyOptions, sseProxy, type Upstream } from 'sse-stream-kit'
import { describe, expect, it } from 'vitest'

describe('sseProxy', () => {
  it.each([
    '',
    'up.test',
    '/v1',
    'ftp://up.test',
    'file:///etc/passwd',
    'http://user:secret@up.test',
    'https://user@up.test',
    undefined,
    null,
    {},
    { url: 'nonsense' },
  ])('takes no %o for an upstream', (upstream) => {
    expect(() => sseProxy(upstream as Upstream)).toThrow(TypeError)
  })

  it.each([undefined, null, {}, '', 'up.test', { url: 'nonsense' }])(
    'says of %o that it is no absolute URL',
    (upstream) => {
      expect(() => sseProxy(upstream as Upstream)).toThrow(
        /must be an absolute http: or https: URL/,
      )
    },
  )

  it('keeps credentials of a wrong upstream out of its message', () => {
    expect(() => sseProxy('http://user:secret@up.test')).toThrow(/^(?!.*secret)/)
    expect(() => sseProxy('http://user:secret@up test')).toThrow(/^(?!.*secret)/)
  })

  const WRONG: [string, object, new (message: string) => Error][] = [
    ['watermark.highBytes 0', { watermark: { highBytes: 0 } }, RangeError],
    ['watermark.highBytes NaN', { watermark: { highBytes: Number.NaN } }, RangeError],
    ['a low mark above the high one', { watermark: { highBytes: 10, lowBytes: 11 } }, RangeError],
    ['maxEventBytes 0', { maxEventBytes: 0 }, RangeError],
    ['maxEventBytes 1.5', { maxEventBytes: 1.5 }, RangeError],
    ['heartbeat.intervalMs 0', { heartbeat: { intervalMs: 0 } }, RangeError],
    ['heartbeat.intervalMs -1', { heartbeat: { intervalMs: -1 } }, RangeError],
    ['a heartbeat with data', { heartbeat: { frame: 'data: ping\n\n' } }, TypeError],
    ['a heartbeat without an end', { heartbeat: { frame: ': ping' } }, TypeError],
    ['timeouts.connectMs 0', { timeouts: { connectMs: 0 } }, RangeError],
    ['timeouts.headersMs -1', { timeouts: { headersMs: -1 } }, RangeError],
    ['timeouts.firstEventMs NaN', { timeouts: { firstEventMs: Number.NaN } }, RangeError],
    ['timeouts.idleMs as a string', { timeouts: { idleMs: '5' } }, RangeError],
    ['timeouts.totalMs true', { timeouts: { totalMs: true } }, RangeError],
    ['timeouts.clientStallMs 0', { timeouts: { clientStallMs: 0 } }, RangeError],
    ['timeouts.idleCounts', { timeouts: { idleCounts: 'chunks' } }, TypeError],
    ['pool.connections 0', { pool: { connections: 0 } }, RangeError],
    ['pool.connections 1.5', { pool: { connections: 1.5 } }, RangeError],
    ['pool.keepAliveMs 0', { pool: { keepAliveMs: 0 } }, RangeError],
    ['a header name', { headers: { 'x y': '1' } }, TypeError],
    ['a header value', { headers: { x: 'a\nb' } }, TypeError],
    ['an own transfer-encoding', { headers: { 'transfer-encoding': 'chunked' } }, TypeError],
    ['an own connection', { headers: { Connection: 'close' } }, TypeError],
    ['an own content-length', { headers: { 'content-length': '1' } }, TypeError],
    ['an own host', { headers: { host: 'api.test' } }, TypeError],
    ['an own expect', { headers: [['expect', '100-continue']] }, TypeError],
    ['transform', { transform: 'upper' }, TypeError],
    ['onEnd', { onEnd: {} }, TypeError],
    ['fetch', { fetch: {} }, TypeError],
    ['metrics without methods', { metrics: {} }, TypeError],
    ['metrics null', { metrics: null }, TypeError],
  ]
  it.each(WRONG)('refuses %s where it is given', (_, options, kind) => {
    expect(() => sseProxy('http://up.test', options as ProxyOptions)).toThrow(kind)
  })

  it('refuses wrong options of an upstream likewise', () => {
    const url = 'http://up.test'
    expect(() => sseProxy({ url, headers: { host: 'a' } })).toThrow(TypeError)
    expect(() => sseProxy({ url, fetch: {} as typeof fetch })).toThrow(TypeError)
    expect(() => sseProxy({ url, timeouts: { idleMs: 0 } })).toThrow(RangeError)
  })

  it('takes undefined for every default', () => {
    const options: ProxyOptions = {
      headers: undefined,
      forwardCredentials: undefined,
      forwardSetCookie: undefined,
      heartbeat: undefined,
      timeouts: undefined,
      watermark: undefined,
      maxEventBytes: undefined,
      transform: undefined,
      onEnd: undefined,
      metrics: undefined,
      fetch: undefined,
      pool: undefined,
    }
    expect(() => sseProxy('http://up.test', options)).not.toThrow()
  })

  it('takes Infinity for limits that are none', () => {
    const options: ProxyOptions = {
      maxEventBytes: Infinity,
      watermark: { highBytes: Infinity },
      heartbeat: { intervalMs: Infinity },
      timeouts: { connectMs: Infinity, headersMs: Infinity, idleMs: Infinity },
      pool: { connections: Infinity },
    }
    expect(() => sseProxy('http://up.test', options)).not.toThrow()
  })
})
