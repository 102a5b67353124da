import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { type SseProxy, type StreamSummary, sseProxy } from 'sse-stream-kit'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { endsAtBoundary } from '../support/sse/boundary-oracle.ts'
import { someSse } from '../support/sse/some-sse.ts'
import { ByteUpstream } from './byte-upstream.ts'
import { readResponse } from './read-response.ts'

const SEED = 20_261_121
const CODERS = {
  gzip: gzipSync,
  deflate: deflateSync,
  br: brotliCompressSync,
  identity: (bytes: Uint8Array) => bytes,
  foo: (bytes: Uint8Array) => bytes,
}
const TYPES = ['text/event-stream', 'Text/Event-Stream;charset=utf-8', 'application/json', 'x', '']

const upstream = new ByteUpstream()
const summaries: StreamSummary[] = []
let proxy: SseProxy
beforeAll(async () => {
  proxy = sseProxy(await upstream.listen(), {
    heartbeat: false,
    truncation: 'pass',
    timeouts: { headersMs: 5_000, firstEventMs: 5_000, idleMs: 5_000 },
    onEnd: (summary) => void summaries.push(summary),
  })
})
afterAll(async () => {
  await proxy.close({ drainMs: 0 })
  await upstream.close()
})

const someBody = fc.oneof(fc.uint8Array({ maxLength: 300 }), someSse)
const someFraming = fc.constantFrom('length', 'chunked', 'close')

async function ask(head: string[], body: Uint8Array): Promise<Awaited<ReturnType<typeof read>>> {
  const lines = ['HTTP/1.1 200 OK', ...head, '', '']
  upstream.answer = Buffer.concat([Buffer.from(lines.join('\r\n'), 'latin1'), body])
  summaries.length = 0
  return await read()
}

async function read() {
  const response = await proxy(new Request('http://client.test/'))
  const answer = await readResponse(response)
  expect(summaries).toHaveLength(1)
  // The upstream closes after its last byte: any further wait is the proxy's.
  expect(summaries[0]?.verdict).not.toBe('timeout')
  return { ...answer, response }
}

/** The header of the framing, and the bytes on the wire without the last `missing` ones. */
function framed(framing: string, bytes: Uint8Array, missing: number): [string[], Buffer] {
  const keep = (wire: Uint8Array): Buffer => Buffer.from(wire.subarray(0, wire.length - missing))
  if (framing === 'length') return [[`Content-Length: ${bytes.length}`], keep(bytes)]
  if (framing === 'close') return [[], keep(bytes)]
  const parts: Buffer[] = []
  for (let at = 0; at < bytes.length; at += 70) {
    const part = bytes.subarray(at, at + 70)
    parts.push(
      Buffer.from(`${part.length.toString(16)}\r\n`),
      Buffer.from(part),
      Buffer.from('\r\n'),
    )
  }
  parts.push(Buffer.from('0\r\n\r\n'))
  return [['Transfer-Encoding: chunked'], keep(Buffer.concat(parts))]
}

it('passes the bytes of any body unchanged, in known and unknown codings', async () => {
  await fc.assert(
    fc.asyncProperty(
      someBody,
      fc.constantFrom(...TYPES),
      fc.constantFrom(...(Object.keys(CODERS) as (keyof typeof CODERS)[])),
      someFraming,
      async (body, type, coding, framing) => {
        const [head, wire] = framed(framing, CODERS[coding](body), 0)
        const answer = await ask(
          [`Content-Type: ${type}`, `Content-Encoding: ${coding}`, ...head],
          wire,
        )
        expect(answer.end).toBe('clean')
        expect(answer.bytes).toEqual(Buffer.from(body))
        // Encoded bytes are not events, whatever the type.
        const isSse = /event-stream/i.test(type) && coding !== 'foo'
        expect(summaries[0]?.isSse).toBe(isSse)
      },
    ),
    { seed: SEED, numRuns: 150 },
  )
})

it('breaks a truncated response after its last complete event', async () => {
  await fc.assert(
    fc.asyncProperty(
      someBody.filter(({ length }) => length > 0),
      fc.constantFrom(...TYPES),
      fc.constantFrom('length', 'chunked'),
      fc.nat(),
      async (body, type, framing, nth) => {
        const [head, whole] = framed(framing, body, 0)
        const [, wire] = framed(framing, body, 1 + (nth % whole.length))
        const answer = await ask([`Content-Type: ${type}`, ...head], wire)
        expect(answer.end).toBe('broken')
        expect(Buffer.from(body).subarray(0, answer.bytes.length)).toEqual(answer.bytes)
        const isSse = /event-stream/i.test(type)
        if (isSse) expect(endsAtBoundary(answer.bytes)).toBe(true)
        expect(summaries[0]?.verdict).toBe('upstream_error')
      },
    ),
    { seed: SEED, numRuns: 150 },
  )
})

it('survives bytes that contradict the head', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.uint8Array({ maxLength: 300 }),
      fc.constantFrom(...TYPES),
      fc.constantFrom(
        'gzip',
        'deflate',
        'br',
        'gzip, br',
        'x-gzip,,gzip',
        'gzip, foo',
        ',',
        'GZIP;q=1',
      ),
      fc.constantFrom(
        'Transfer-Encoding: chunked',
        'Content-Length: 7',
        'Content-Length: 7, 8',
        'Content-Length: -1',
        'Transfer-Encoding: gzip',
        'Connection: close, content-type',
      ),
      async (wire, type, coding, framing) => {
        const { response, end } = await ask(
          [`Content-Type: ${type}`, `Content-Encoding: ${coding}`, framing],
          wire,
        )
        expect([200, 502]).toContain(response.status)
        if (end === 'broken') expect(summaries[0]?.verdict).toBe('upstream_error')
      },
    ),
    { seed: SEED, numRuns: 150 },
  )
})
