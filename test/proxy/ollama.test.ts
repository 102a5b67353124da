import { type ProxyFetchOptions, proxyFetch, type StreamSummary } from 'sse-stream-kit'
import { chunkings, collect, fakeUpstream, step } from 'sse-stream-kit/testing'
import { describe, expect, it } from 'vitest'

const LINES = [
  '{"model":"llama3","message":{"role":"assistant","content":"Hel"},"done":false}',
  '{"model":"llama3","message":{"role":"assistant","content":"lo \\"done\\":true"},"done":false}',
  '{"model":"llama3","message":{"role":"assistant","content":""},"done":true,"done_reason":"stop","prompt_eval_count":26,"eval_count":5}',
]
const TEXT = `${LINES.join('\n')}\n`

async function run(
  text: string,
  options: ProxyFetchOptions = {},
  chunks: Uint8Array[] = [new TextEncoder().encode(text)],
) {
  const upstream = fakeUpstream([
    step.status(200, { 'content-type': 'application/x-ndjson' }),
    ...chunks.map((chunk) => step.raw(chunk)),
  ])
  const summaries: StreamSummary[] = []
  const response = await proxyFetch(
    new Request('http://client.test/api/chat', { method: 'POST', body: '{}' }),
    'http://up.test',
    { fetch: upstream.fetch, onEnd: (summary) => summaries.push(summary), ...options },
  )
  const collected = await collect(response)
  return { collected, summary: summaries[0] as StreamSummary }
}

describe("an answer of Ollama's own API", () => {
  it('passes byte for byte, and its last line gives verdict and usage, however it is cut', async () => {
    for (const { name, chunks } of chunkings(new TextEncoder().encode(TEXT), { random: 5 })) {
      const { collected, summary } = await run(TEXT, {}, [...chunks])
      expect(collected.text, name).toBe(TEXT)
      expect(summary, name).toMatchObject({
        verdict: 'complete',
        isSse: false,
        heartbeats: 0,
        llm: {
          dialect: 'ollama',
          model: 'llama3',
          finishReason: 'stop',
          usage: { inputTokens: 26, outputTokens: 5 },
          contentEvents: 2,
        },
      })
    }
  })

  it('is complete where its last line has no line end', async () => {
    const { collected, summary } = await run(TEXT.trimEnd())
    expect(collected.text).toBe(TEXT.trimEnd())
    expect(summary.verdict).toBe('complete')
  })

  it.each([
    ['between lines', `${LINES[0]}\n`, `${LINES[0]}\n{"error":`],
    ['inside a line', TEXT.slice(0, -20), TEXT.slice(0, -20)],
  ])('that ends %s is truncated, and its connection breaks', async (_, text, expected) => {
    const { collected, summary } = await run(text)
    expect(collected.verdict).toBe('error')
    expect(collected.text.startsWith(expected)).toBe(true)
    expect(summary).toMatchObject({ verdict: 'truncated', code: 'SSE_TRUNCATED' })
    const passed = await run(text, { truncation: 'pass' })
    expect(passed.collected.text).toBe(text)
    expect(passed.summary.verdict).toBe('truncated')
  })

  it('with an error line is an error of the upstream', async () => {
    const text = `${LINES[0]}\n{"error":"an error was encountered while running the model"}\n`
    const { collected, summary } = await run(text)
    expect(collected.text).toBe(text)
    expect(summary).toMatchObject({
      verdict: 'upstream_error',
      llm: { upstreamErrorType: 'error' },
    })
  })

  it('is told from other lines of JSON, of which nothing is said', async () => {
    const { collected, summary } = await run('{"a":1}\n{"a":2}\n{"a":3}\n{"a":4}\n{"a":5}\n')
    expect(collected.error).toBeUndefined()
    expect(summary.verdict).toBe('complete')
    expect(summary.llm).toBeUndefined()
  })
})
