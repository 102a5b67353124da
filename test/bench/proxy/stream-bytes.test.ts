import { expect, it } from 'vitest'
import { EVENT_STREAM_HEAD, endOfBody } from '../../../bench/proxy/upstream/chunked-coding.ts'
import { parseMessage } from '../../../bench/proxy/upstream/http-message.ts'
import { StreamBytes } from '../../../bench/proxy/upstream/stream-bytes.ts'

const bytes = new StreamBytes('chat')
// From its offset on, this stream begins the loop over the events again after 300 of them.
const STREAM = 100

function wireOf(events: number): Buffer {
  const parts: Buffer[] = [EVENT_STREAM_HEAD]
  for (let sent = 0; sent < events; ) {
    const next = bytes.chunks(STREAM, sent, Math.min(20, events - sent))
    parts.push(next.bytes)
    sent += next.events
  }
  return Buffer.concat(parts)
}

it('expects the body that it sends', () => {
  const wire = Buffer.concat([wireOf(310), endOfBody(bytes.terminal)])
  expect(parseMessage(wire)?.body.equals(bytes.bodyOf(STREAM, 310))).toBe(true)
})

it('knows how many bytes of the body are among bytes on the wire', () => {
  const wire = bytes.wireBytes(STREAM, 310)
  expect(wire).toBe(wireOf(310).length)
  expect(bytes.bodyBytes(STREAM, wire)).toBe(
    bytes.bodyOf(STREAM, 310).length - bytes.terminal.length,
  )
})
