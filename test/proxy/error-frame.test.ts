import OpenAI from 'openai'
import { type ProxyOptions, type StreamSummary, sseProxy } from 'sse-stream-kit'
import { collect, fakeUpstream, step, type UpstreamStep } from 'sse-stream-kit/testing'
import { describe, expect, it } from 'vitest'
import { dialectOf } from '../../src/llm/dialects.ts'
import { errorFrame } from '../../src/proxy/error-frame.ts'
import { settled } from '../support/settled.ts'
import { watchRejections } from '../support/watch-rejections.ts'

watchRejections()

const CHAT = '/v1/chat/completions'
const PATHS = {
  chat: CHAT,
  'anything else': '/events',
  messages: '/v1/messages',
  responses: '/v1/responses',
  gemini: '/v1beta/models/gemini:streamGenerateContent',
}

async function run(steps: readonly UpstreamStep[], options: ProxyOptions = {}, path = CHAT) {
  const summaries: StreamSummary[] = []
  const upstream = fakeUpstream(steps)
  const proxy = sseProxy('http://secret-host.test:8443', {
    fetch: upstream.fetch,
    upstreamErrors: 'event-then-break',
    heartbeat: false,
    ...options,
    onEnd: (summary) => summaries.push(summary),
  })
  const response = await proxy(new Request(`http://proxy.test${path}`, { method: 'POST' }))
  return { proxy, response, summaries, collected: await collect(response) }
}

const CUT = [step.send({ data: '1' }), step.raw('data: hal'), step.cut()]

describe('an error event', () => {
  it('is sent before the connection breaks, behind all that was whole', async () => {
    const { collected, summaries } = await run(CUT)
    expect(collected.verdict).toBe('error')
    expect(collected.text).toBe(
      'data: 1\n\ndata: {"error":{"message":"The upstream could not be reached, or its connection broke",' +
        '"type":"upstream_error","param":null,"code":"SSE_UPSTREAM_NETWORK"}}\n\n',
    )
    expect(summaries).toMatchObject([
      { verdict: 'upstream_error', events: 1, bytesIn: 9, bytesOut: collected.raw.length },
    ])
  })

  it.each([undefined, 'break'] as const)('is not sent with %s', async (upstreamErrors) => {
    const { collected } = await run(CUT, { upstreamErrors })
    expect(collected).toMatchObject({ verdict: 'error', text: 'data: 1\n\n' })
  })

  it.each([
    [
      'messages',
      'error',
      {
        type: 'error',
        error: { type: 'api_error', message: expect.any(String), code: 'SSE_UPSTREAM_NETWORK' },
      },
    ],
    [
      'responses',
      'error',
      {
        type: 'error',
        // The AI SDK rejects an event without it.
        sequence_number: 0,
        code: 'SSE_UPSTREAM_NETWORK',
        message: expect.any(String),
        param: null,
        // The SDKs of OpenAI throw only where there is one.
        error: {
          type: 'upstream_error',
          code: 'SSE_UPSTREAM_NETWORK',
          message: expect.any(String),
          param: null,
        },
      },
    ],
    [
      'gemini',
      undefined,
      {
        error: {
          code: 502,
          message: expect.any(String),
          status: 'UNAVAILABLE',
          details: [{ reason: 'SSE_UPSTREAM_NETWORK' }],
        },
      },
    ],
    [
      'chat',
      undefined,
      {
        error: {
          message: expect.any(String),
          type: 'upstream_error',
          param: null,
          code: 'SSE_UPSTREAM_NETWORK',
        },
      },
    ],
    [
      'anything else',
      undefined,
      {
        error: {
          message: expect.any(String),
          type: 'upstream_error',
          param: null,
          code: 'SSE_UPSTREAM_NETWORK',
        },
      },
    ],
  ] as const)('has the form of the API at the path: %s', async (api, type, data) => {
    const { collected } = await run(CUT, {}, PATHS[api])
    const event = collected.events.at(-1)
    expect(event?.event).toBe(type)
    expect(JSON.parse(event?.data ?? '')).toEqual(data)
  })

  it.each<[string, readonly UpstreamStep[], ProxyOptions, string]>([
    [
      'an upstream that falls silent',
      [step.send({ data: '1' }), step.hang()],
      { timeouts: { idleMs: 20 } },
      'SSE_UPSTREAM_TIMEOUT',
    ],
    [
      'an event that is too large',
      [step.send({ data: '1' }), step.raw('x'.repeat(200))],
      { maxEventBytes: 100 },
      'SSE_LIMIT',
    ],
    [
      'a transform that throws',
      [step.send({ data: '1' }), step.send({ data: '2' })],
      { transform: throwsAt2 },
      'SSE_TRANSFORM',
    ],
  ])('tells of %s', async (_, steps, options, code) => {
    const { collected, summaries } = await run(steps, options)
    expect(collected.verdict).toBe('error')
    expect(collected.events).toHaveLength(2)
    expect(JSON.parse(collected.events[1]?.data ?? '')).toMatchObject({ error: { code } })
    expect(summaries[0]).toMatchObject({ code })
  })

  it('tells of a shutdown', async () => {
    const upstream = fakeUpstream([step.send({ data: '1' }), step.hang()])
    const proxy = sseProxy('http://up.test', {
      fetch: upstream.fetch,
      upstreamErrors: 'event-then-break',
    })
    const collecting = collect(await proxy(new Request('http://proxy.test/')))
    await settled()
    await proxy.close({ drainMs: 0 })
    const { events, verdict } = await collecting
    expect(verdict).toBe('error')
    expect(JSON.parse(events[1]?.data ?? '')).toMatchObject({ error: { code: 'SSE_DRAINING' } })
  })

  it.each(Object.entries(PATHS))('says nothing of hosts, stacks and causes: %s', (_, path) => {
    const cause = new Error('connect ECONNREFUSED 10.1.2.3:8443 "secret"\n\n data: injected')
    for (const reason of [
      cause,
      new DOMException('10.1.2.3', 'AbortError'),
      Object.assign(new Error('10.1.2.3'), { code: 'ECONNREFUSED' }),
      Object.assign(new Error('10.1.2.3'), { code: 42 }),
      '10.1.2.3',
      undefined,
      null,
    ]) {
      const frame = errorFrame(reason, dialectOf(path))
      expect(frame).toContain('SSE_INTERNAL')
      expect(frame).not.toMatch(/10\.1|ECONN|secret|injected|stack|at /)
      expect(frame.endsWith('\n\n')).toBe(true)
      expect(frame.trimEnd().split('\n').length).toBeLessThanOrEqual(2)
    }
  })

  it.each(['\n', '\r\n', '\r'])(
    'stands at a boundary, whatever the line ends are: %j',
    async (end) => {
      const text = `data: 1${end}${end}data: 2${end}`
      const { collected } = await run([step.raw(text), step.cut()])
      expect(collected.events.map(({ data }) => data.slice(0, 8))).toEqual(['1', '{"error"'])
      expect(collected.text.startsWith(`data: 1${end}${end}data: {`)).toBe(true)
    },
  )

  it('may be all that there is', async () => {
    const { collected } = await run([step.raw('data: half'), step.cut()])
    expect(collected.events).toHaveLength(1)
    expect(collected.text.startsWith('data: {')).toBe(true)
  })

  it('is never appended to an answer that is no event stream', async () => {
    const { collected } = await run([
      step.status(200, { 'content-type': 'application/x-ndjson' }),
      step.raw('{"a":1}\n'),
      step.cut(),
    ])
    expect(collected).toMatchObject({ verdict: 'error', text: '{"a":1}\n' })
  })

  it.each(['break', 'event-then-break'] as const)(
    'is sent with %s too where the upstream ended cleanly inside an event',
    async (upstreamErrors) => {
      const { collected, summaries } = await run([step.raw('data: 1\n\ndata: 2')], {
        upstreamErrors,
      })
      expect(collected.verdict).toBe('error')
      expect(collected.text).toMatch(/^data: 1\n\ndata: \{"error":.*"SSE_TRUNCATED"\}\}\n\n$/)
      expect(summaries[0]).toMatchObject({ verdict: 'truncated', code: 'SSE_TRUNCATED' })
    },
  )

  it('is not sent for that where it may', async () => {
    const { collected, summaries } = await run([step.raw('data: 1\n\ndata: 2')], {
      truncation: 'pass',
    })
    expect(collected.text).toBe('data: 1\n\ndata: 2')
    expect(summaries[0]).toMatchObject({ verdict: 'truncated' })
  })

  it('is not sent to a client that left', async () => {
    const upstream = fakeUpstream([step.send({ data: '1' }), step.hang()])
    const client = new AbortController()
    const summaries: StreamSummary[] = []
    const proxy = sseProxy('http://up.test', {
      fetch: upstream.fetch,
      upstreamErrors: 'event-then-break',
      onEnd: (summary) => summaries.push(summary),
    })
    const request = new Request('http://proxy.test/', { signal: client.signal })
    const collecting = collect(await proxy(request))
    await settled()
    client.abort()
    expect(await collecting).toMatchObject({ verdict: 'error', text: 'data: 1\n\n' })
    expect(summaries).toMatchObject([{ verdict: 'client_gone', bytesOut: 9 }])
  })

  it('is an error to the clients of OpenAI', async () => {
    const chunk = {
      id: 'c',
      object: 'chat.completion.chunk',
      created: 1,
      model: 'm',
      choices: [{ index: 0, delta: { content: 'Hi' } }],
    }
    const upstream = fakeUpstream([step.send({ data: JSON.stringify(chunk) }), step.cut()])
    const proxy = sseProxy('http://up.test', {
      fetch: upstream.fetch,
      upstreamErrors: 'event-then-break',
    })
    const client = new OpenAI({
      apiKey: 'k',
      baseURL: 'http://proxy.test/v1',
      maxRetries: 0,
      fetch: (url, init) => proxy(new Request(url as string, init as RequestInit)),
    })
    const stream = await client.chat.completions.create({ model: 'm', stream: true, messages: [] })
    const texts: unknown[] = []
    const reading = (async () => {
      for await (const part of stream) texts.push(part.choices[0]?.delta.content)
    })()
    await expect(reading).rejects.toMatchObject({ code: 'SSE_UPSTREAM_NETWORK' })
    expect(texts).toEqual(['Hi'])
  })

  it('is refused under another name', () => {
    expect(() => sseProxy('http://up.test', { upstreamErrors: 'event' as 'break' })).toThrow(
      'upstreamErrors',
    )
  })
})

function throwsAt2<E extends { data: string }>(event: E): E {
  if (event.data === '2') throw new Error('secret of the application')
  return event
}
