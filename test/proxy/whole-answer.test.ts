import { type ProxyOptions, type StreamSummary, sseProxy } from 'sse-stream-kit'
import { collect, fakeUpstream, step, transcript } from 'sse-stream-kit/testing'
import { describe, expect, it, onTestFinished } from 'vitest'
import { settled } from '../support/settled.ts'

describe('an answer that is whole without its terminal mark', () => {
  it.each([
    ['openai-chat', '/v1/chat/completions'],
    ['gemini', '/v1beta/models/g:streamGenerateContent'],
  ] as const)('of %s ends cleanly when the connection breaks', async (dialect, path) => {
    const summaries: StreamSummary[] = []
    const marked = dialect === 'gemini'
    const whole = transcript(dialect, { tokens: 3, terminalMark: marked }).slice(0, -1)
    const upstream = fakeUpstream([...whole, step.cut()])
    onTestFinished(() => upstream.close())
    const options: ProxyOptions = { onEnd: (summary) => summaries.push(summary) }
    const proxy = sseProxy(await upstream.listen(), options)
    onTestFinished(() => proxy.close({ drainMs: 0 }))
    const response = await proxy(new Request(`http://proxy.test${path}`, { method: 'POST' }))
    expect(await collect(response)).toMatchObject({ verdict: 'complete' })
    await settled()
    expect(summaries).toMatchObject([{ verdict: 'complete', llm: { dialect } }])
  })
})
