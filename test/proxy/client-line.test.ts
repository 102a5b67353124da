import { describe, expect, it, vi } from 'vitest'
import { SseKitError } from '../../src/base/sse-kit-error.ts'
import { plain } from '../../src/llm/plain.ts'
import { relay } from '../../src/pipeline/relay.ts'
import { type ClientLineOptions, clientLine } from '../../src/proxy/client-line.ts'
import { heartbeatPlans } from '../../src/proxy/heartbeat-plans.ts'
import { watchTimers } from '../support/watch-timers.ts'

watchTimers()

const HEARTBEAT = heartbeatPlans({ intervalMs: 1_000, frame: ':\n\n' })

function open({ isSse = true, heartbeat = true, sendsErrors = false } = {}) {
  const heartbeatFor = vi.fn<ClientLineOptions['settings']['heartbeatFor']>((context) =>
    heartbeat ? HEARTBEAT(context) : undefined,
  )
  const line = clientLine({
    isSse,
    isCommitted: false,
    isAtBoundary: isSse ? () => true : undefined,
    guess: plain,
    dialect: () => plain,
    accept: 'text/event-stream',
    now: () => performance.now(),
    clientStallMs: Infinity,
    settings: { heartbeatFor, sendsErrors },
  })
  return { line, heartbeatFor, names: line.stages.map((stage) => stage.constructor.name) }
}

describe('a client line', () => {
  it.each([
    [
      'heartbeats, and behind them the error event',
      {},
      ['HeartbeatInjectorStage', 'ErrorFrameStage'],
    ],
    ['the error event alone, without heartbeats', { heartbeat: false }, ['ErrorFrameStage']],
    ['nothing, for a body that is no event stream', { isSse: false, sendsErrors: true }, []],
  ])('has %s', (_, options, names) => {
    const { names: stages, line } = open(options)
    expect(stages).toEqual(names)
    for (const stage of line.stages) stage.dispose?.('done')
  })

  it('chooses the heartbeat by the dialect and the accept header', () => {
    const { heartbeatFor, line } = open()
    expect(heartbeatFor).toHaveBeenCalledWith({ dialect: plain, accept: 'text/event-stream' })
    for (const stage of line.stages) stage.dispose?.('done')
  })

  it('counts the bytes that it adds: heartbeats and the error event', async () => {
    const { line } = open({ sendsErrors: true })
    let fail = (_: unknown): void => {}
    const source = new ReadableStream<Uint8Array>({
      start(controller) {
        controller.enqueue(new TextEncoder().encode('data: 1\n\n'))
        fail = (reason) => controller.error(reason)
      },
    })
    const reader = relay(source, line.stages).getReader()
    const chunks: string[] = []
    const reading = (async () => {
      for (;;) {
        const { done, value } = await reader.read()
        if (done) return
        chunks.push(new TextDecoder().decode(value))
      }
    })().catch((error: unknown) => error)
    await vi.advanceTimersByTimeAsync(2_000)
    fail(new SseKitError('SSE_UPSTREAM_NETWORK', 'reset'))
    expect(await reading).toMatchObject({ code: 'SSE_UPSTREAM_NETWORK' })
    const [first, ...added] = chunks
    expect(first).toBe('data: 1\n\n')
    expect(added.slice(0, 2)).toEqual([':\n\n', ':\n\n'])
    expect(added[2]).toContain('SSE_UPSTREAM_NETWORK')
    expect(line.figures()).toEqual({ heartbeats: 2, addedBytes: added.join('').length })
  })

  it('adds nothing where nothing was added', () => {
    expect(open({ heartbeat: false }).line.figures()).toEqual({ heartbeats: 0, addedBytes: 0 })
  })
})
