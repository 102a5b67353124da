import { type ProxyOptions, type StreamSummary, sseProxy } from 'sse-stream-kit'
import { collect, fakeUpstream, gate, step, type UpstreamScript } from 'sse-stream-kit/testing'
import { describe, expect, it, onTestFinished } from 'vitest'
import { settled } from '../support/settled.ts'

const DONE = step.send({ data: '[DONE]' })
const EVENT = step.send({ data: '{"choices":[{"index":0,"delta":{"content":"Hi"}}]}' })

async function open(script: UpstreamScript, options: ProxyOptions = {}) {
  const upstream = fakeUpstream(script)
  const summaries: StreamSummary[] = []
  const { heartbeat, ...others } = options
  const proxy = sseProxy(await upstream.listen(), {
    heartbeat: { commitAfterMs: 20, ...(typeof heartbeat === 'object' && heartbeat) },
    onEnd: (summary) => summaries.push(summary),
    ...others,
  })
  onTestFinished(async () => {
    await proxy.close({ drainMs: 0 })
    await upstream.close()
  })
  const send = (
    body: object = { stream: true },
    init: RequestInit = {},
    path = '/v1/chat/completions',
  ) =>
    proxy(
      new Request(`http://client.test${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
        ...init,
      }),
    )
  return { upstream, summaries, send }
}

describe('commitAfterMs', () => {
  it('sends the head and a heartbeat before the upstream answers, and then what it answers', async () => {
    const answers = gate()
    const { send, summaries, upstream } = await open([step.until(answers.opened), EVENT, DONE])
    const response = await send()
    expect(response.status).toBe(200)
    expect(response.headers.get('content-type')).toContain('text/event-stream')
    const reader = (response.body as ReadableStream<Uint8Array>).getReader()
    const first = new TextDecoder().decode((await reader.read()).value)
    expect(first).toBe(': keepalive\n\n')
    answers.open()
    let text = ''
    for (;;) {
      const { done, value } = await reader.read()
      if (done) break
      text += new TextDecoder().decode(value)
    }
    expect(text).toContain('"Hi"')
    expect(text).toContain('[DONE]')
    await expect.poll(() => summaries).toHaveLength(1)
    expect(summaries[0]).toMatchObject({
      verdict: 'complete',
      status: 200,
      upstreamStatus: 200,
      attempts: 1,
      events: 2,
      heartbeats: 1,
      isSse: true,
    })
    expect(JSON.parse((await upstream.requests[0]?.text()) ?? '')).toEqual({ stream: true })
  })

  it('changes nothing where the upstream answers in time', async () => {
    const { send } = await open([step.json(429, { error: { message: 'slow down' } })], {
      heartbeat: { commitAfterMs: 60_000 },
    })
    const response = await send()
    expect(response.status).toBe(429)
    expect(await response.json()).toEqual({ error: { message: 'slow down' } })
  })

  it('does not touch a request that wants no event stream', async () => {
    const answers = gate()
    const { send } = await open([step.until(answers.opened), step.json(200, { text: 'Hi' })], {
      heartbeat: { commitAfterMs: 0 },
    })
    const answer = send({ stream: false })
    await settled()
    answers.open()
    expect(await (await answer).json()).toEqual({ text: 'Hi' })
  })

  it('tells of a late status in the error frame of the API, with message and retry-after, and breaks', async () => {
    const answers = gate()
    const { send, summaries } = await open([
      step.until(answers.opened),
      step.status(429, { 'retry-after': '7', 'content-type': 'application/json' }),
      step.raw('{"error":{"message":"Rate limit reached","type":"requests"}}'),
    ])
    const response = await send()
    answers.open()
    const { events, verdict } = await collect(response)
    expect(verdict).toBe('error')
    await expect.poll(() => summaries).toHaveLength(1)
    expect(JSON.parse(events[0]?.data ?? '')).toEqual({
      error: {
        message: 'Rate limit reached',
        type: 'upstream_error',
        param: null,
        code: 'SSE_UPSTREAM_STATUS',
        status: 429,
        retry_after: 7,
      },
    })
    expect(summaries[0]).toMatchObject({
      verdict: 'upstream_error',
      code: 'SSE_UPSTREAM_STATUS',
      status: 200,
      upstreamStatus: 429,
    })
  })

  it('tells of a connection that breaks late in the error frame, also with upstreamErrors: break', async () => {
    const answers = gate()
    const { send, summaries } = await open([step.until(answers.opened), step.reset()])
    const response = await send({ stream: true }, {}, '/v1/messages')
    answers.open()
    const { events, verdict } = await collect(response)
    expect(verdict).toBe('error')
    await expect.poll(() => summaries).toHaveLength(1)
    expect(events[0]?.event).toBe('error')
    expect(JSON.parse(events[0]?.data ?? '')).toMatchObject({
      type: 'error',
      error: { code: 'SSE_UPSTREAM_NETWORK', status: 502 },
    })
    expect(summaries[0]).toMatchObject({ verdict: 'upstream_error', attempts: 1 })
  })

  it('goes on with retries behind the head', async () => {
    const answers = gate()
    const { send, summaries } = await open(
      ({ index }) =>
        index === 0 ? [step.until(answers.opened), step.json(503, {})] : [EVENT, DONE],
      { retry: { attempts: 2, baseMs: 0 } },
    )
    const response = await send()
    answers.open()
    expect((await collect(response)).text).toContain('[DONE]')
    await expect.poll(() => summaries).toHaveLength(1)
    expect(summaries[0]).toMatchObject({ verdict: 'complete', attempts: 2 })
  })

  it('closes the upstream when the client leaves before it has answered, and says how often it was asked', async () => {
    const { send, upstream, summaries } = await open([step.never()])
    const response = await send()
    await response.body?.cancel()
    await upstream.requests[0]?.closed
    await expect.poll(() => summaries).toHaveLength(1)
    expect(summaries[0]).toMatchObject({ verdict: 'client_gone', attempts: 1 })
  })
})
