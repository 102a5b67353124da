import { step } from 'sse-stream-kit/testing'
import { describe, expect, it } from 'vitest'
import { isEventStream, responseHeaders } from '../../src/http/response-headers.ts'
import { openProxy } from '../support/http/open-proxy.ts'
import { requestClosed } from '../support/http/request-closed.ts'

const SSE = { isSse: true, forwardSetCookie: false }
const OTHER = { ...SSE, isSse: false }

describe('the headers of a response', () => {
  it.each([
    ['text/event-stream', true],
    ['text/event-stream; charset=utf-8', true],
    ['TEXT/Event-Stream ;charset=UTF-8', true],
    [' text/event-stream', true],
    ['text/event-streams', false],
    ['text/event', false],
    ['application/json', false],
    ['application/x-ndjson', false],
  ])('of type %j tell whether it is an event stream', (type, expected) => {
    expect(isEventStream(new Headers({ 'content-type': type }))).toBe(expected)
  })

  it.each([
    ['', true],
    ['identity', true],
    ['Identity', true],
    ['gzip', false],
    ['foo', false],
    ['gzip, foo', false],
  ])('in the coding %j tell whether its events can be read', (coding, expected) => {
    const headers = { 'content-type': 'text/event-stream', 'content-encoding': coding }
    expect(isEventStream(new Headers(headers))).toBe(expected)
  })

  it('has no type, no event stream', () => {
    expect(isEventStream(new Headers())).toBe(false)
  })

  it.each([
    'connection',
    'keep-alive',
    'proxy-authenticate',
    'te',
    'trailer',
    'transfer-encoding',
    'upgrade',
  ])('do not bring %s to the client', (name) => {
    expect(responseHeaders(new Headers({ [name]: 'x' }), OTHER).has(name)).toBe(false)
  })

  it('drop what connection names, except protected names', () => {
    const connection = 'x-hop, content-type, not a name'
    const upstream = new Headers({ connection, 'x-hop': '1', 'content-type': 'text/plain', y: '2' })
    const headers = responseHeaders(upstream, OTHER)
    expect([...headers.keys()]).toEqual(['content-type', 'y'])
  })

  it('drop what connection names', () => {
    const upstream = new Headers({ connection: 'x-hop', 'x-hop': '1', 'x-kept': '1' })
    expect([...responseHeaders(upstream, OTHER)]).toEqual([['x-kept', '1']])
  })

  it('tell intermediaries neither to buffer nor to change an event stream', () => {
    const upstream = new Headers({
      'cache-control': 'public, max-age=60',
      'content-length': '12',
      'x-accel-buffering': 'yes',
    })
    expect(Object.fromEntries(responseHeaders(upstream, SSE))).toEqual({
      'cache-control': 'no-cache, no-transform',
      'x-accel-buffering': 'no',
    })
  })

  it('keep several set-cookie headers separate if they are forwarded', () => {
    const upstream = () =>
      new Headers([
        ['set-cookie', 'a=1; Expires=Wed, 01 Jan 2031 00:00:00 GMT'],
        ['set-cookie', 'b=2'],
      ])
    expect(responseHeaders(upstream(), SSE).getSetCookie()).toEqual([])
    expect(responseHeaders(upstream(), { ...SSE, forwardSetCookie: true }).getSetCookie()).toEqual([
      'a=1; Expires=Wed, 01 Jan 2031 00:00:00 GMT',
      'b=2',
    ])
  })
})

describe('the headers of a response, over a socket', () => {
  const headers: [string, string][] = [
    ['content-type', 'text/event-stream; charset=utf-8'],
    ['cache-control', 'private'],
    ['set-cookie', 'a=1'],
    ['set-cookie', 'b=2'],
    ['x-request-id', 'r1'],
    ['x-ratelimit-remaining', '9'],
    ['vary', 'origin'],
  ]

  it('are those of the upstream, adapted to a stream', async () => {
    const { url } = await openProxy([step.status(200, headers), step.send({ data: '1' })])
    const response = await fetch(url)
    await response.text()
    expect(response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8')
    expect(response.headers.get('cache-control')).toBe('no-cache, no-transform')
    expect(response.headers.get('x-accel-buffering')).toBe('no')
    expect(response.headers.get('x-request-id')).toBe('r1')
    expect(response.headers.get('x-ratelimit-remaining')).toBe('9')
    expect(response.headers.get('vary')).toBe('origin')
    expect(response.headers.get('content-length')).toBeNull()
    expect(response.headers.getSetCookie()).toEqual([])
  })

  it('include cookies if the application allows it', async () => {
    const { url } = await openProxy([step.status(200, headers)], { forwardSetCookie: true })
    const response = await fetch(url)
    expect(response.headers.getSetCookie()).toEqual(['a=1', 'b=2'])
    await response.text()
  })

  it('are sent before the first byte of the body', async () => {
    const { url, upstream } = await openProxy([step.status(200), step.hang()])
    const response = await fetch(url)
    expect(response.headers.get('content-type')).toBe('text/event-stream')
    await response.body?.cancel()
    await requestClosed(upstream.requests[0])
  })
})
