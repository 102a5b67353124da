import OpenAI from 'openai'
import { step, transcript } from 'sse-stream-kit/testing'
import { describe, expect, it } from 'vitest'
import { openProxy } from '../support/http/open-proxy.ts'
import { requestClosed } from '../support/http/request-closed.ts'

const TEXT = 'Grüße aus 世界, says the stream 🎉'
const prompt = {
  model: 'gpt-4o-mini',
  messages: [{ role: 'user' as const, content: 'Say something' }],
  stream: true as const,
  stream_options: { include_usage: true },
}

describe('the OpenAI client behind the proxy', () => {
  it('gets the text and the usage, with heartbeats all the while', async () => {
    const { url, upstream, ended } = await openProxy(
      transcript('openai-chat', { text: TEXT, prefillMs: 50, gapMs: 4 }),
      {
        headers: { authorization: 'Bearer own-key' },
        heartbeat: { intervalMs: 5 },
      },
    )
    const client = new OpenAI({ apiKey: 'client-key', baseURL: `${url}/v1`, maxRetries: 0 })
    let text = ''
    let usage: unknown
    let finish: string | null | undefined
    for await (const chunk of await client.chat.completions.create(prompt)) {
      text += chunk.choices[0]?.delta.content ?? ''
      finish ??= chunk.choices[0]?.finish_reason
      usage ??= chunk.usage
    }
    expect(text).toBe(TEXT)
    expect(finish).toBe('stop')
    expect(usage).toMatchObject({ prompt_tokens: 9 })
    const request = await upstream.request()
    expect(request.url).toBe('/v1/chat/completions')
    expect(request.headers.get('authorization')).toBe('Bearer own-key')
    expect(JSON.parse(await request.text())).toEqual(prompt)
    const summary = await ended()
    expect(summary.verdict).toBe('complete')
    expect(summary.heartbeats).toBeGreaterThan(0)
  })

  it('gets the error of the upstream as its own', async () => {
    const { url } = await openProxy([
      step.json(429, { error: { message: 'Slow down', type: 'rate_limit', code: 'too_many' } }),
    ])
    const client = new OpenAI({ apiKey: 'k', baseURL: `${url}/v1`, maxRetries: 0 })
    await expect(client.chat.completions.create(prompt)).rejects.toMatchObject({
      status: 429,
      code: 'too_many',
    })
  })

  it('gets an error of the proxy with its code', async () => {
    const { url } = await openProxy([step.reset()])
    const client = new OpenAI({ apiKey: 'k', baseURL: `${url}/v1`, maxRetries: 0 })
    await expect(client.chat.completions.create(prompt)).rejects.toMatchObject({
      status: 502,
      code: 'SSE_UPSTREAM_NETWORK',
    })
  })

  it('sees that a stream was cut', async () => {
    const { url } = await openProxy([
      ...transcript('openai-chat', { text: TEXT, ending: 'unfinished' }).slice(0, -1),
      step.wait(20),
      step.cut(),
    ])
    const client = new OpenAI({ apiKey: 'k', baseURL: `${url}/v1`, maxRetries: 0 })
    const stream = await client.chat.completions.create(prompt)
    await expect(
      (async () => {
        for await (const _ of stream);
      })(),
    ).rejects.toThrow()
  })

  it('stops the upstream when it stops', async () => {
    const { url, upstream, ended } = await openProxy([
      ...transcript('openai-chat', { text: TEXT, ending: 'unfinished' }).slice(0, -1),
      step.hang(),
    ])
    const client = new OpenAI({ apiKey: 'k', baseURL: `${url}/v1`, maxRetries: 0 })
    for await (const _ of await client.chat.completions.create(prompt)) break
    await requestClosed(upstream.requests[0])
    expect(upstream.requests[0]?.aborted).toBe(true)
    expect(await ended()).toMatchObject({ verdict: 'client_gone' })
  })
})
