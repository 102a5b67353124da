import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import fc from 'fast-check'
import { type SseProxy, sseProxy } from 'sse-stream-kit'
import { toNodeHandler } from 'sse-stream-kit/node'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { rawRequest } from '../support/http/raw-request.ts'
import { ByteUpstream } from './byte-upstream.ts'

const SEED = 20_261_121
const GET = 'GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n'
/** RFC 9110, 5.5: `field-vchar = VCHAR / obs-text`, with spaces and tabs in between. */
const FIELD_LINE = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+:[\t\x20-\x7e\x80-\xff]*$/

const upstream = new ByteUpstream()
let proxy: SseProxy
let server: Server
let url: string
beforeAll(async () => {
  proxy = sseProxy(await upstream.listen(), { timeouts: { headersMs: 5_000, idleMs: 5_000 } })
  server = createServer(toNodeHandler(proxy))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterAll(async () => {
  await proxy.close({ drainMs: 0 })
  await new Promise((resolve) => server.close(resolve))
  await upstream.close()
})

const NAMES = [
  'Content-Type',
  'Content-Length',
  'Content-Encoding',
  'Transfer-Encoding',
  'Connection',
  'Set-Cookie',
  'ETag',
  'Retry-After',
  'Location',
  'X-Any',
  '__proto__',
]
const someText = fc
  .array(
    fc.oneof(
      {
        weight: 3,
        arbitrary: fc.constantFrom('text/event-stream', 'gzip', '7', ' ', ',', ';', '"'),
      },
      {
        weight: 2,
        arbitrary: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)),
      },
    ),
    { maxLength: 8 },
  )
  .map((parts) => parts.join(''))
const someField = fc
  .tuple(fc.oneof(fc.constantFrom(...NAMES), someText), someText)
  .map(([name, value]) => `${name}: ${value}\r\n`)

it("responds with a valid head for any bytes in the upstream's", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom('200 OK', '200', '404 Not Found', '503 ', '304 x', '099 low', '999 high', ''),
      someText,
      fc.array(someField, { maxLength: 5 }),
      async (status, reason, fields) => {
        const head = `HTTP/1.1 ${status}${reason}\r\n${fields.join('')}\r\ndata: 1\n\n`
        upstream.answer = Buffer.from(head, 'latin1')
        const answer = await rawRequest(url, GET)
        const [lines = ''] = answer.split('\r\n\r\n')
        const [statusLine, ...fieldLines] = lines.split('\r\n')
        expect(statusLine).toMatch(/^HTTP\/1\.1 [2-5]\d\d [\t\x20-\x7e\x80-\xff]*$/)
        for (const line of fieldLines) expect(line).toMatch(FIELD_LINE)
      },
    ),
    { seed: SEED, numRuns: 250 },
  )
  expect(proxy.metrics.active).toBe(0)
})

it("sends the upstream a valid head for any bytes in the client's", async () => {
  upstream.answer = Buffer.from('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok')
  await fc.assert(
    fc.asyncProperty(someText, fc.array(someField, { maxLength: 5 }), async (path, fields) => {
      const head = `GET /${path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n${fields.join('')}\r\n`
      const answer = await rawRequest(url, head)
      expect(answer).toMatch(/^HTTP\/1\.1 (200|4\d\d|502) /)
    }),
    { seed: SEED, numRuns: 150 },
  )
  expect(proxy.metrics.active).toBe(0)
})
