import { expect, it } from 'vitest'
import { matchFrames } from '../support/sse/match-frames.ts'

const beat = Buffer.from(': beat\n\n')
const sent = ['data: a\n\n', 'data: b\r\n\r\n', ': c\n\n'].map((text) => Buffer.from(text))
const match = (text: string): Record<string, unknown> => {
  const { frames, heartbeats, rest, tail } = matchFrames(Buffer.from(text), sent, beat)
  return { frames, heartbeats, rest: rest.toString(), tail: tail.toString() }
}

it.each([
  ['', 0, 0, '', ''],
  ['data: a\n\ndata: b\r\n\r\n: c\n\n', 3, 0, '', ''],
  [': beat\n\ndata: a\n\n: beat\n\n: beat\n\ndata: b\r\n\r\n', 2, 3, '', ''],
  ['data: a\n\ndata: b\r\n\r', 1, 0, '', 'data: b\r\n\r'],
  ['data: a\n\ndata: b\r\n: beat\n\n\r\n', 1, 0, 'data: b\r\n: beat\n\n\r\n', ''],
  ['data: b\r\n\r\n', 0, 0, 'data: b\r\n\r\n', ''],
  ['data: a\n\ndata: b\r\n\r\n: c\n\ndata: [DONE]\n\n', 3, 0, 'data: [DONE]\n\n', ''],
])('matches %j up to where it differs', (text, frames, heartbeats, rest, tail) => {
  expect(match(text)).toEqual({ frames, heartbeats, rest, tail })
})
