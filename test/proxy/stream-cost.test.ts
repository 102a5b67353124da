import { afterEach, expect, it, vi } from 'vitest'
import { DIALECTS } from '../../src/llm/dialects.ts'
import { openaiChat } from '../../src/llm/openai-chat.ts'
import { relaySource } from '../../src/pipeline/relay-source.ts'
import { clientLine } from '../../src/proxy/client-line.ts'
import { heartbeatPlans } from '../../src/proxy/heartbeat-plans.ts'
import { originLine } from '../../src/proxy/origin-line.ts'
import { PushedBody } from '../../src/transport/pushed-body.ts'
import { bytes } from '../support/sse/bytes.ts'
import { NO_LIMITS } from '../support/upstream/open-call.ts'
import { watchTimers } from '../support/watch-timers.ts'

const LIMITS = { ...NO_LIMITS, firstEventMs: 600_000, idleMs: 120_000, clientStallMs: 30_000 }
const HEARTBEAT_MS = 15_000
const EVENT = bytes('data: {"choices":[{"index":0,"delta":{"content":"word"}}]}\n\n')

watchTimers()
afterEach(() => {
  vi.restoreAllMocks()
})

/** All stages of a proxied stream, in flowing mode. */
function open() {
  const origin = originLine({
    isSse: true,
    requestedAt: performance.now(),
    timeouts: LIMITS,
    dialects: DIALECTS,
    guess: openaiChat,
    isGiven: false,
    hidesUsage: false,
    finish: () => {},
    settings: { maxEventBytes: 1_000, transform: undefined, truncation: 'signal' },
    onFirstEvent: () => {},
    onEnd: () => {},
  })
  const client = clientLine({
    isSse: true,
    isCommitted: false,
    isAtBoundary: () => true,
    guess: openaiChat,
    dialect: () => openaiChat,
    accept: null,
    clientStallMs: LIMITS.clientStallMs,
    now: () => origin.clock.arrivedAt,
    settings: { heartbeatFor: heartbeatPlans({ intervalMs: HEARTBEAT_MS }), sendsErrors: false },
  })
  const source = new PushedBody({ abort: () => {}, resume: () => {} })
  const observers = [client.stallClock]
  const queue = relaySource(source, [...origin.stages, ...client.stages], { observers })
  const taken: string[] = []
  queue.flow((chunk) => void taken.push(new TextDecoder().decode(chunk)))
  return { source, queue, taken }
}

it('sets two timers for a stream, and none for its events and pauses', () => {
  const setTimeout = vi.spyOn(globalThis, 'setTimeout')
  const { source, queue } = open()
  for (let event = 0; event < 100; event++) source.push(EVENT)
  for (let pause = 0; pause < 10; pause++) {
    queue.flow(undefined)
    queue.flow(() => {})
  }
  expect(setTimeout).toHaveBeenCalledTimes(2)
  queue.cancel()
})

it('reads the clock once for a chunk', () => {
  const { source, queue } = open()
  source.push(EVENT)
  const now = vi.spyOn(performance, 'now')
  for (let event = 0; event < 100; event++) source.push(EVENT)
  expect(now).toHaveBeenCalledTimes(100)
  queue.cancel()
})

it('does not parse what ends the answer', () => {
  const { source, queue } = open()
  source.push(EVENT)
  const parse = vi.spyOn(JSON, 'parse')
  source.push(bytes('data: [DONE]\n\n'))
  expect(parse).not.toHaveBeenCalled()
  queue.cancel()
})

it.each(['\r\n\r\n', '\n\n', '\n\r\n'])(
  'sends heartbeats between events that end with %j',
  (end) => {
    const { source, queue, taken } = open()
    source.push(bytes(`data: 1${end}`))
    vi.advanceTimersByTime(HEARTBEAT_MS)
    expect(taken).toEqual([`data: 1${end}`, ': keepalive\n\n'])
    queue.cancel()
  },
)

it('sends none behind a CR, which an LF may follow', () => {
  const { source, queue, taken } = open()
  source.push(bytes('data: 1\r\r'))
  vi.advanceTimersByTime(HEARTBEAT_MS)
  expect(taken).toEqual(['data: 1\r\r'])
  source.push(bytes('data: 2\n\n'))
  vi.advanceTimersByTime(HEARTBEAT_MS)
  expect(taken).toEqual(['data: 1\r\r', 'data: 2\n\n', ': keepalive\n\n'])
  queue.cancel()
})
