import { expect, it } from 'vitest'
import {
  chunkOf,
  EVENT_STREAM_HEAD,
  endOfBody,
} from '../../../bench/proxy/upstream/chunked-coding.ts'
import { parseMessage } from '../../../bench/proxy/upstream/http-message.ts'

const chunked = Buffer.concat([
  EVENT_STREAM_HEAD,
  chunkOf(Buffer.from('data: 1\n\n')),
  endOfBody(Buffer.from('data: 2\n\n')),
])

it('joins the chunks of a body, and counts them', () => {
  const { body, chunks } = parseMessage(chunked) ?? {}
  expect(String(body)).toBe('data: 1\n\ndata: 2\n\n')
  expect(chunks).toBe(2)
})

it('waits for the last byte of a chunked body', () => {
  for (let length = 0; length < chunked.length; length++) {
    expect(parseMessage(chunked.subarray(0, length))).toBeUndefined()
  }
})

it('takes as many bytes as content-length states', () => {
  const head = 'POST / HTTP/1.1\r\nContent-Length: 2\r\n\r\n'
  expect(parseMessage(Buffer.from(`${head}a`))).toBeUndefined()
  expect(String(parseMessage(Buffer.from(`${head}abc`))?.body)).toBe('ab')
})
