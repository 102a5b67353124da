import { expect, it } from 'vitest'
import { judgeAnswers } from '../../../src/cli/demo/judge-answers.ts'
import { measured } from './measured.ts'

const buffered = measured({ firstTokenMs: 8_990, heartbeats: 0 })
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

it('accepts a quick response with the same bytes', () => {
  expect(judgeAnswers(measured(), buffered)).toEqual([])
  expect(judgeAnswers(measured({ firstTokenMs: 899.9 }), buffered)).toEqual([])
})

it('fails a first token after 10 % of the total', () => {
  expect(judgeAnswers(measured({ firstTokenMs: 900 }), buffered)).toEqual([
    'the first token came after 10.0 % of the total: below 10 % is needed',
  ])
})

it('compares the first token with the total of the streamed response', () => {
  expect(judgeAnswers(measured({ totalMs: 1_000 }), buffered)).toEqual([
    'the first token came after 50.0 % of the total: below 10 % is needed',
  ])
})

it('fails a streamed response that was buffered', () => {
  expect(judgeAnswers(buffered, buffered)).toHaveLength(1)
})

it.each([
  ['one byte less', 'data: 1\n'],
  ['another byte', 'data: 2\n\n'],
  ['nothing', ''],
])('fails different bytes: %s', (_, text) => {
  expect(judgeAnswers(measured({ bytes: bytes(text) }), buffered)).toEqual([
    `the two answers differ: ${text.length} bytes streamed, 9 buffered`,
  ])
})

it('lists everything that is wrong', () => {
  const slow = measured({ firstTokenMs: 8_000, bytes: bytes('') })
  expect(judgeAnswers(slow, buffered)).toHaveLength(2)
})

it.each([
  [{ failure: 'terminated' }, 'broke: terminated'],
  [
    { status: 401, bytes: bytes('{\n "error": 1 }\x1b[2J') },
    'has the status 401: { "error": 1 } [2J',
  ],
  [{ bytes: bytes('data: 1\n\n') }, 'has no token'],
])('fails a response without an answer: %j', (changes, message) => {
  const { firstTokenMs, ...none } = measured(changes)
  const whole = message === 'has no token' ? none : measured(changes)
  expect(judgeAnswers(whole, buffered)).toEqual([`the streamed answer ${message}`])
  expect(judgeAnswers(measured(), whole)).toEqual([`the buffered answer ${message}`])
})
