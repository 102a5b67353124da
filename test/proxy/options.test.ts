import { type ProxyOptions, sseProxy, type Upstream } from 'sse-stream-kit'
import { describe, expect, it } from 'vitest'
import { refusal } from '../support/refusal.ts'

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
    expect(() => sseProxy(upstream as Upstream)).toThrow(refusal(TypeError, 'upstream'))
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

  const WRONG: [string, object, typeof TypeError | typeof RangeError, string][] = [
    ['watermark.highBytes 0', { watermark: { highBytes: 0 } }, RangeError, 'highBytes'],
    ['watermark.highBytes NaN', { watermark: { highBytes: Number.NaN } }, RangeError, 'highBytes'],
    [
      'a low mark above the high one',
      { watermark: { highBytes: 10, lowBytes: 11 } },
      RangeError,
      'lowBytes',
    ],
    ['maxEventBytes 0', { maxEventBytes: 0 }, RangeError, 'maxEventBytes'],
    ['maxEventBytes 1.5', { maxEventBytes: 1.5 }, RangeError, 'maxEventBytes'],
    ['heartbeat.intervalMs 0', { heartbeat: { intervalMs: 0 } }, RangeError, 'intervalMs'],
    ['heartbeat.intervalMs -1', { heartbeat: { intervalMs: -1 } }, RangeError, 'intervalMs'],
    ['a heartbeat with data', { heartbeat: { frame: 'data: ping\n\n' } }, TypeError, 'data'],
    ['a heartbeat without an end', { heartbeat: { frame: ': ping' } }, TypeError, 'frame'],
    ['timeouts.connectMs 0', { timeouts: { connectMs: 0 } }, RangeError, 'connectMs'],
    ['timeouts.headersMs -1', { timeouts: { headersMs: -1 } }, RangeError, 'headersMs'],
    [
      'timeouts.firstEventMs NaN',
      { timeouts: { firstEventMs: Number.NaN } },
      RangeError,
      'firstEventMs',
    ],
    ['timeouts.idleMs as a string', { timeouts: { idleMs: '5' } }, RangeError, 'idleMs'],
    ['timeouts.totalMs true', { timeouts: { totalMs: true } }, RangeError, 'totalMs'],
    ['timeouts.clientStallMs 0', { timeouts: { clientStallMs: 0 } }, RangeError, 'clientStallMs'],
    ['timeouts.idleCounts', { timeouts: { idleCounts: 'chunks' } }, TypeError, 'idleCounts'],
    ['pool.connections 0', { pool: { connections: 0 } }, RangeError, 'connections'],
    ['pool.connections 1.5', { pool: { connections: 1.5 } }, RangeError, 'connections'],
    ['pool.keepAliveMs 0', { pool: { keepAliveMs: 0 } }, RangeError, 'keepAliveMs'],
    ['a header name', { headers: { 'x y': '1' } }, TypeError, 'headers'],
    ['a header value', { headers: { x: 'a\nb' } }, TypeError, 'headers'],
    [
      'an own transfer-encoding',
      { headers: { 'transfer-encoding': 'chunked' } },
      TypeError,
      'headers',
    ],
    ['an own connection', { headers: { Connection: 'close' } }, TypeError, 'headers'],
    ['an own content-length', { headers: { 'content-length': '1' } }, TypeError, 'headers'],
    ['an own host', { headers: { host: 'api.test' } }, TypeError, 'headers'],
    ['an own expect', { headers: [['expect', '100-continue']] }, TypeError, 'headers'],
    ['transform', { transform: 'upper' }, TypeError, 'transform'],
    ['onEnd', { onEnd: {} }, TypeError, 'onEnd'],
    ['fetch', { fetch: {} }, TypeError, 'fetch'],
    ['metrics without methods', { metrics: {} }, TypeError, 'metrics'],
    ['metrics null', { metrics: null }, TypeError, 'metrics'],
    ['a list of metrics with one without methods', { metrics: [{}] }, TypeError, 'metrics'],
  ]
  it.each(WRONG)('refuses %s where it is given', (_, options, kind, name) => {
    expect(() => sseProxy('http://up.test', options as ProxyOptions)).toThrow(refusal(kind, name))
  })

  it('refuses wrong options of an upstream likewise', () => {
    const url = 'http://up.test'
    expect(() => sseProxy({ url, headers: { host: 'a' } })).toThrow(refusal(TypeError, 'headers'))
    expect(() => sseProxy({ url, fetch: {} as typeof fetch })).toThrow(refusal(TypeError, 'fetch'))
    expect(() => sseProxy({ url, timeouts: { idleMs: 0 } })).toThrow(refusal(RangeError, 'idleMs'))
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
