import * as zlib from 'node:zlib'
import { type BodyCoding, gate, slowClient, step } from 'sse-stream-kit/testing'
import { describe, expect, it } from 'vitest'
import { openProxy } from '../support/http/open-proxy.ts'
import { within } from '../support/within.ts'

const HAS_ZSTD = 'createZstdCompress' in zlib
const CODINGS: BodyCoding[] = ['gzip', 'deflate', 'br']

describe.each([...CODINGS, 'zstd' as const])('an event stream in %s', (coding) => {
  // Node has zstd from 22.15 on.
  const test = it.skipIf(coding === 'zstd' && !HAS_ZSTD)

  test('is decoded event by event, and says so', async () => {
    const seen = gate()
    const { url, upstream, ended } = await openProxy([
      step.coding(coding),
      step.send({ data: 'größer' }),
      step.until(seen.opened),
      step.send({ data: '2' }),
    ])
    const client = slowClient(url)
    // Were it held back until the window is full, the second event would never be sent.
    await client.received('data: größer\n\n'.length)
    seen.open()
    expect(await within('end of the response', client.verdict)).toBe('complete')
    expect(client.text).toBe('data: größer\n\ndata: 2\n\n')
    const { headers } = await client.head
    expect(headers.get('content-encoding')).toBeNull()
    expect(headers.get('content-length')).toBeNull()
    expect(await ended()).toMatchObject({ verdict: 'complete', events: 2, bytesIn: 25 })
    expect(upstream.requests[0]?.headers.get('accept-encoding')).toBe('identity')
  })
})

describe('another answer', () => {
  it.each(CODINGS)('in %s is decoded too', async (coding) => {
    const { url } = await openProxy([step.coding(coding), step.json(200, { text: 'größer' })])
    const response = await fetch(url)
    expect(response.headers.get('content-encoding')).toBeNull()
    expect(await response.json()).toEqual({ text: 'größer' })
  })

  it('to HEAD keeps the coding of the body it does not have', async () => {
    const { url } = await openProxy([
      step.status(200, { 'content-encoding': 'gzip', 'content-length': '120', etag: '"a"' }),
      step.end(),
    ])
    const { headers } = await slowClient(url, { method: 'HEAD' }).head
    expect(headers.get('content-encoding')).toBe('gzip')
    expect(headers.get('content-length')).toBe('120')
    expect(headers.get('etag')).toBe('"a"')
  })

  it.each(['application/json', 'text/event-stream'])(
    'of type %s in an unknown coding passes as it is',
    async (type) => {
      const bytes = Uint8Array.from({ length: 256 }, (_, index) => index)
      const { url, ended } = await openProxy(
        [step.status(200, { 'content-type': type, 'content-encoding': 'foo' }), step.raw(bytes)],
        { maxEventBytes: 16 },
      )
      const response = await fetch(url)
      expect(response.headers.get('content-encoding')).toBe('foo')
      expect(new Uint8Array(await response.arrayBuffer())).toEqual(bytes)
      expect(await ended()).toMatchObject({ verdict: 'complete', isSse: false, events: 0 })
    },
  )
})
