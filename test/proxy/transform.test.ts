import { type ProxyFetchOptions, proxyFetch, type StreamSummary } from 'sse-stream-kit'
import { fakeUpstream, step } from 'sse-stream-kit/testing'
import { describe, expect, it } from 'vitest'
import { openProxy } from '../support/http/open-proxy.ts'
import { rawRequest } from '../support/http/raw-request.ts'
import { requestClosed } from '../support/http/request-closed.ts'

const STREAM = ': hi\r\n\r\nid: 1\r\ndata: a\r\n\r\nevent: ping\n\ndata: b\nfoo: x\n\ndata:c\r\r'

async function run(
  text: string,
  options: ProxyFetchOptions,
): Promise<{ text: string; summary: StreamSummary | undefined }> {
  const summaries: StreamSummary[] = []
  const upstream = fakeUpstream([step.raw(text)])
  const response = await proxyFetch(new Request('http://client.test/'), 'http://up.test', {
    fetch: upstream.fetch,
    onEnd: (summary) => summaries.push(summary),
    ...options,
  })
  return { text: await response.text(), summary: summaries[0] }
}

describe('a transform', () => {
  it('that changes nothing leaves every byte as it was', async () => {
    const { text, summary } = await run(STREAM, { transform: (event) => event })
    expect(text).toBe(STREAM)
    expect(summary).toMatchObject({ verdict: 'complete', events: 3, bytesOut: STREAM.length })
  })

  it('has only the events that it changes written anew', async () => {
    const { text, summary } = await run(STREAM, {
      transform: (event) => (event.data === 'b' ? { ...event, data: 'B\nB' } : event),
    })
    expect(text).toBe(STREAM.replace('data: b\nfoo: x\n\n', 'data: B\ndata: B\n\n'))
    expect(summary?.bytesOut).toBe(text.length)
  })

  it('may change the event it was given', async () => {
    const { text } = await run('data: a\n\n', {
      transform: (event) => {
        event.data = 'A'
        return event
      },
    })
    expect(text).toBe('data: A\n\n')
  })

  it('drops an event for null', async () => {
    const { text } = await run(STREAM, {
      transform: (event) => (event.data === 'a' ? null : event),
    })
    expect(text).toBe(STREAM.replace('id: 1\r\ndata: a\r\n\r\n', ''))
  })

  it('makes several events of one', async () => {
    const { text } = await run('id: 7\ndata: a\n\n', {
      transform: ({ data }) => [{ data }, { event: 'copy', data, id: '8' }],
    })
    expect(text).toBe('data: a\n\nevent: copy\nid: 8\ndata: a\n\n')
  })

  it('sees the sticky id of blocks without data', async () => {
    const ids: string[] = []
    await run('id: 1\n\ndata: a\n\ndata: b\n\n', {
      transform: (event) => {
        ids.push(event.lastEventId)
        return event
      },
    })
    expect(ids).toEqual(['1', '1'])
  })

  it('does not get an unfinished event, nor does the client', async () => {
    const { text, summary } = await run('data: a\n\ndata: b\n', {
      transform: (event) => event,
      truncation: 'pass',
    })
    expect(text).toBe('data: a\n\n')
    expect(summary).toMatchObject({ verdict: 'truncated', events: 1 })
  })

  it('that throws breaks the body after what was whole, with its code', async () => {
    const { url, upstream, ended } = await openProxy(
      [step.raw('data: 1\n\ndata: 2\n\n'), step.hang()],
      {
        transform: (event) => {
          if (event.data === '2') throw new Error('my bug')
          return event
        },
      },
    )
    const answer = await rawRequest(url, 'GET / HTTP/1.1\r\nHost: a\r\n\r\n')
    expect(answer).toContain('data: 1\n\n')
    expect(answer).not.toContain('data: 2')
    expect(answer).not.toMatch(/0\r\n\r\n$/)
    expect(await ended()).toMatchObject({ verdict: 'error', code: 'SSE_TRANSFORM', status: 200 })
    await requestClosed(upstream.requests[0])
    expect(upstream.requests[0]?.aborted).toBe(true)
  })

  it('that gives what cannot be sent breaks the body too', async () => {
    const answer = run('data: 1\n\n', { transform: ({ data }) => ({ data, event: 'a\nb' }) })
    await expect(answer).rejects.toMatchObject({ code: 'SSE_TRANSFORM' })
  })

  it('does not see an answer that is no event stream', async () => {
    const { url } = await openProxy([step.json(200, { data: 1 })], { transform: () => null })
    expect(await (await fetch(url)).json()).toEqual({ data: 1 })
  })
})
