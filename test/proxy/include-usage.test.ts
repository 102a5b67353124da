import { type ProxyFetchOptions, proxyFetch, type StreamSummary } from 'sse-stream-kit'
import { chunkings, collect, fakeUpstream, step } from 'sse-stream-kit/testing'
import { describe, expect, it } from 'vitest'
import { askForUsage } from '../../src/proxy/ask-for-usage.ts'

const chunk = (rest: object): string =>
  `data: ${JSON.stringify({ id: 'c', object: 'chat.completion.chunk', model: 'm', ...rest })}\n\n`
const TEXT = [
  chunk({ choices: [{ index: 0, delta: { content: 'Hi' }, finish_reason: null }], usage: null }),
  chunk({ choices: [{ index: 0, delta: {}, finish_reason: 'stop' }], usage: null }),
].join('')
const USAGE = chunk({ choices: [], usage: { prompt_tokens: 1, completion_tokens: 2 } })
const DONE = 'data: [DONE]\n\n'

async function run(
  body: unknown,
  {
    path = '/v1/chat/completions',
    ...options
  }: Omit<ProxyFetchOptions, 'path'> & { path?: string } = {},
  chunks: readonly Uint8Array[] = [new TextEncoder().encode(TEXT + USAGE + DONE)],
) {
  const upstream = fakeUpstream([
    step.until(({ body }) => body),
    ...chunks.map((bytes) => step.raw(bytes)),
  ])
  const summaries: StreamSummary[] = []
  const request = new Request(`http://client.test${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  })
  const response = await proxyFetch(request, 'http://up.test', {
    fetch: upstream.fetch,
    includeUsage: true,
    onEnd: (summary) => summaries.push(summary),
    ...options,
  })
  const { text } = await collect(response)
  return { text, sent: await upstream.requests[0]?.text(), summary: summaries[0] }
}

describe('includeUsage', () => {
  it('asks for usage, reports it, and withholds the event from a client that did not ask, however it is cut', async () => {
    for (const { name, chunks } of chunkings(new TextEncoder().encode(TEXT + USAGE + DONE), {
      random: 5,
    })) {
      const { text, sent, summary } = await run({ model: 'm', stream: true }, {}, [...chunks])
      expect(JSON.parse(sent ?? ''), name).toEqual({
        model: 'm',
        stream: true,
        stream_options: { include_usage: true },
      })
      expect(text, name).toBe(TEXT + DONE)
      expect(summary, name).toMatchObject({
        verdict: 'complete',
        llm: { usage: { inputTokens: 1, outputTokens: 2 }, finishReason: 'stop' },
      })
    }
  })

  it('withholds nothing from a client that asks', async () => {
    const body = { stream: true, stream_options: { include_usage: true } }
    const { text, sent } = await run(body)
    expect(sent).toBe(JSON.stringify(body))
    expect(text).toBe(TEXT + USAGE + DONE)
  })

  it.each([
    ['does not stream', { model: 'm' }, '/v1/chat/completions'],
    ['is no JSON object', '[1]', '/v1/chat/completions'],
    ['is broken JSON', '{"stream":true', '/v1/chat/completions'],
    ['is for another API', { stream: true }, '/v1/messages'],
  ])('leaves a request as it is that %s', async (_, body, path) => {
    const { text, sent } = await run(body, { path })
    expect(sent).toBe(typeof body === 'string' ? body : JSON.stringify(body))
    expect(text).toContain(USAGE)
  })

  it('leaves a body as it is that is over the limit', async () => {
    const body = { stream: true, text: 'x'.repeat(100) }
    const { sent, text } = await run(body, { replayBodyBytes: 50 })
    expect(sent).toBe(JSON.stringify(body))
    expect(text).toContain(USAGE)
  })

  it('keeps the rest of the text, also numbers that JavaScript cannot hold', () => {
    const text = ' {"seed": 12345678901234567890, "stream": true} \n'
    expect(askForUsage(text, JSON.parse(text))).toBe(
      ' {"seed": 12345678901234567890, "stream": true,"stream_options":{"include_usage":true}} \n',
    )
  })

  it('keeps other stream options', () => {
    const json = { stream: true, stream_options: { include_obfuscation: false } }
    expect(JSON.parse(askForUsage(JSON.stringify(json), json) ?? '')).toEqual({
      stream: true,
      stream_options: { include_obfuscation: false, include_usage: true },
    })
  })
})
