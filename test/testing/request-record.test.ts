import { fakeUpstream, type RecordedRequest, step } from 'sse-stream-kit/testing'
import { describe, expect, it } from 'vitest'

async function requestWith(init: RequestInit, maxBodyBytes?: number): Promise<RecordedRequest> {
  const upstream = fakeUpstream([step.status(204)], { maxBodyBytes })
  await upstream.fetch('http://upstream.test/v1/chat?stream=1', { method: 'POST', ...init })
  return upstream.request()
}

describe('the body of a recorded request', () => {
  it('is parsed as JSON, on every call', async () => {
    const body = { stream: true, messages: ['größer'] }
    const request = await requestWith({ body: JSON.stringify(body) })
    const parsed: unknown = await request.json()
    expect(parsed).toEqual(body)
    expect(await request.json()).toEqual(body)
  })

  it.each([
    ['is empty', {}, undefined, 'the body is not JSON: it is empty'],
    [
      'is no JSON',
      { body: 'a=1', headers: { 'content-type': 'text/plain' } },
      undefined,
      /the body is not JSON: Unexpected .+\. Body: "a=1", 3 bytes\. Content-Type: text\/plain$/,
    ],
    [
      'is long',
      { body: 'x'.repeat(500), headers: { 'content-type': 'text/plain' } },
      undefined,
      `Body: "${'x'.repeat(80)}…", 500 bytes`,
    ],
    [
      'was longer than what is kept',
      { body: '{"a":"b"}' },
      4,
      'only 4 of its 9 bytes were kept. Raise maxBodyBytes',
    ],
  ])('rejects with a description if it %s', async (_, init, maxBodyBytes, message) => {
    const reading = (await requestWith(init, maxBodyBytes)).json()
    await expect(reading).rejects.toBeInstanceOf(SyntaxError)
    await expect(reading).rejects.toThrow('Request 0 (POST /v1/chat?stream=1): ')
    await expect(reading).rejects.toThrow(message)
  })
})
