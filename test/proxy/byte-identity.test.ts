import { proxyFetch, type StreamSummary } from 'sse-stream-kit'
import { chunkings, fakeUpstream, step } from 'sse-stream-kit/testing'
import { describe, expect, it } from 'vitest'
import { openProxy } from '../support/http/open-proxy.ts'

const utf8 = new TextEncoder()
const BOM = '\ufeff'
/** Streams that a parser and encoder in between would change; each with its events, and whether its end is whole. */
const ODD: [string, string, number, boolean][] = [
  ['LF', 'data: 1\n\ndata: 2\n\n', 2, true],
  ['CRLF', 'data: 1\r\n\r\nevent: x\r\ndata: 2\r\n\r\n', 2, true],
  ['CR', 'data: 1\r\rid: 7\rdata: 2\r\r', 2, true],
  ['mixed line ends', 'data: 1\r\n\ndata: 2\n\r\ndata: 3\r\r\n', 3, true],
  ['a byte order mark', `${BOM}data: 1\n\ndata: ${BOM}2\n\n`, 2, true],
  ['comments', ': hi\n\n:\n\ndata: 1\n: in between\n\n: bye\n\n', 1, true],
  ['blank lines', '\n\n\r\n\rdata: 1\n\n\n\n\n', 1, true],
  ['unknown fields', 'foo: 1\ndata:1\nbar\ndata\n\nretry: x\nid\n\n', 1, true],
  ['blocks without data', 'event: ping\n\nid: 9\n\nretry: 10\n\ndata: 1\n\n', 1, true],
  ['no blank line at the end', 'data: 1\n\ndata: 2\n', 1, false],
  ['an end inside a line', 'data: 1\n\ndata: größ', 1, false],
  ['text beyond ASCII', 'data: größer 世界 🎉\n\n', 1, true],
  ['NUL', 'data: a\0b\nid: c\0\n\n', 1, true],
  ['nothing at all', '', 0, true],
]

describe.each(ODD)('a stream with %s', (_, text, events, isWhole) => {
  const bytes = utf8.encode(text)

  it('passes byte for byte, however it is cut', async () => {
    for (const { name, chunks } of chunkings(bytes, { seed: 7, random: 8 })) {
      const upstream = fakeUpstream([step.status(200), ...chunks.map(step.raw)])
      const summaries: StreamSummary[] = []
      const response = await proxyFetch(new Request('http://client.test/'), 'http://up.test', {
        fetch: upstream.fetch,
        truncation: 'pass',
        onEnd: (summary) => summaries.push(summary),
      })
      expect(new Uint8Array(await response.arrayBuffer()), name).toEqual(bytes)
      expect(summaries, name).toMatchObject([
        {
          verdict: isWhole ? 'complete' : 'truncated',
          events,
          bytesIn: bytes.length,
          bytesOut: bytes.length,
          heartbeats: 0,
        },
      ])
    }
  })
})

describe('odd streams over sockets', () => {
  it('pass byte for byte, cut at random', async () => {
    const cases = ODD.flatMap(([name, text]) =>
      [...chunkings(utf8.encode(text), { seed: 3, random: 3 })]
        .filter((cut) => cut.name.startsWith('random') || cut.name === '1-byte')
        .map(({ chunks }) => ({ name, text, chunks })),
    )
    const { url, summaries } = await openProxy(
      (request) => {
        const { chunks } = cases[Number(request.url.slice(1))] ?? { chunks: [] }
        return [step.status(200), ...chunks.map(step.raw)]
      },
      // Ticks all the time, and yet never falls into an event.
      { heartbeat: { intervalMs: 1, frame: ': hb\n\n' }, truncation: 'pass' },
    )
    await Promise.all(
      cases.map(async ({ name, text }, index) => {
        const response = await fetch(`${url}/${index}`)
        const received = Buffer.from(await response.arrayBuffer()).toString('utf8')
        // Behind a heartbeat a byte order mark would be a character of the first line.
        const expected = received.startsWith(': hb\n\n') ? text.replace(/^\ufeff/, '') : text
        expect(received.replaceAll(': hb\n\n', ''), name).toBe(expected)
      }),
    )
    expect(summaries).toHaveLength(cases.length)
  })
})
