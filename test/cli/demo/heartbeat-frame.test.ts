import { expect, it } from 'vitest'
import { HEARTBEAT_FRAME, withoutHeartbeats } from '../../../src/cli/demo/heartbeat-frame.ts'

const strip = (text: string): [string, number] => {
  const { bytes, heartbeats } = withoutHeartbeats(new TextEncoder().encode(text))
  return [new TextDecoder().decode(bytes), heartbeats]
}

it('removes heartbeats at the start of a line', () => {
  const answer = [HEARTBEAT_FRAME, HEARTBEAT_FRAME, 'data: ü\n\n', HEARTBEAT_FRAME, 'data: 2\r\r']
  expect(strip(answer.join('') + HEARTBEAT_FRAME)).toEqual(['data: ü\n\ndata: 2\r\r', 4])
})

it('keeps the same text inside data', () => {
  const answer = `data: a${HEARTBEAT_FRAME}: keepalive\n\n`
  expect(strip(answer)).toEqual([answer, 0])
})

it('keeps every other byte', () => {
  const all = Uint8Array.from({ length: 256 }, (_, byte) => byte)
  expect([...withoutHeartbeats(all).bytes]).toEqual([...all])
})
