import { type ProxyOptions, type StreamSummary, sseProxy } from 'sse-stream-kit'
import { fakeUpstream, step, type UpstreamScript } from 'sse-stream-kit/testing'
import { Agent, fetch as undiciFetch } from 'undici'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { FETCH_HOSTS } from './fetch-hosts.ts'

const EVENTS = Array.from({ length: 40 }, (_, index) => `data: ${index}\n\n`).join('')

describe.each(FETCH_HOSTS)('L16 host that destroys its connection on an error: %s', (_, start) => {
  const read = async (
    script: UpstreamScript,
    options: ProxyOptions,
  ): Promise<{ text: string; isBroken: boolean; summaries: StreamSummary[] }> => {
    // Hono prints what a body breaks with.
    const printed = vi.spyOn(console, 'error').mockImplementation(() => {})
    const summaries: StreamSummary[] = []
    const upstream = fakeUpstream(script)
    const proxy = sseProxy(await upstream.listen(), {
      heartbeat: false,
      ...options,
      onEnd: (summary) => summaries.push(summary),
    })
    const host = await start(proxy)
    const agent = new Agent({ allowH2: true, connect: { rejectUnauthorized: false } })
    onTestFinished(async () => {
      printed.mockRestore()
      await agent.destroy()
      await host.close()
      await proxy.close({ drainMs: 0 })
      await upstream.close()
    })
    const response = await undiciFetch(`${host.url}/v1/chat/completions`, {
      method: 'POST',
      body: '{}',
      dispatcher: agent,
    })
    expect(response.status).toBe(200)
    let text = ''
    try {
      for await (const chunk of response.body ?? []) text += Buffer.from(chunk).toString()
      return { text, isBroken: false, summaries }
    } catch {
      return { text, isBroken: true, summaries }
    }
  }

  it.each<[string, UpstreamScript, ProxyOptions, string]>([
    ['is cut', [step.raw(`${EVENTS}data: hal`), step.cut()], {}, 'SSE_UPSTREAM_NETWORK'],
    [
      'falls silent',
      [step.raw(EVENTS), step.hang()],
      { timeouts: { idleMs: 30 } },
      'SSE_UPSTREAM_TIMEOUT',
    ],
    [
      'sends an event that is too large',
      [step.raw(`${EVENTS}data: ${'x'.repeat(2_000)}`), step.hang()],
      { maxEventBytes: 1_000 },
      'SSE_LIMIT',
    ],
  ])(
    'delivers every whole event, and the error event, when the upstream %s',
    async (__, script, options, code) => {
      const told = await read(script, { ...options, upstreamErrors: 'event-then-break' })
      expect(told.text.slice(0, EVENTS.length)).toBe(EVENTS)
      expect(told.text.slice(EVENTS.length)).toMatch(
        new RegExp(`^data: {"error":.*"code":"${code}"}}\n\n$`),
      )
      expect(told).toMatchObject({ isBroken: true, summaries: [{ code, events: 40 }] })
      const silent = await read(script, options)
      expect(silent).toMatchObject({ isBroken: true, text: EVENTS })
    },
  )
})
