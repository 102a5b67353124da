import { sseProxy } from 'sse-stream-kit'
import { fakeUpstream, step } from 'sse-stream-kit/testing'
import { describe, expect, it } from 'vitest'
import { refusal } from '../support/refusal.ts'
import { warningsDuring } from '../support/warnings-during.ts'
import { watchRejections } from '../support/watch-rejections.ts'

watchRejections()

const ALLOWED = [
  'https://api.example.com/v1',
  'https://other.example.com',
  'http://localhost:8080/base/',
]

function pick(picked: unknown) {
  const asked: string[] = []
  const summaries: { upstream: number; code?: string; attempts: number }[] = []
  const upstream = fakeUpstream([step.send({ data: '1' })])
  const proxy = sseProxy(() => picked as string, {
    allowedUpstreams: ALLOWED,
    fetch: (input, init) => {
      asked.push(String(input))
      return upstream.fetch(input, init)
    },
    onEnd: (summary) => summaries.push(summary),
  })
  return { proxy, asked, summaries }
}

describe('an upstream that a function picks', () => {
  it.each([
    ['https://api.example.com/v1', 'https://api.example.com/v1/chat?q=1', 0],
    [new URL('https://other.example.com'), 'https://other.example.com/chat?q=1', 1],
    ['https://other.example.com/', 'https://other.example.com/chat?q=1', 1],
    ['http://localhost:8080/base/', 'http://localhost:8080/base/chat?q=1', 2],
    // One and the same URL, written in other ways: the URL standard makes them equal.
    ['HTTPS://API.Example.COM/v1', 'https://api.example.com/v1/chat?q=1', 0],
    ['https://api.example.com:443/v1', 'https://api.example.com/v1/chat?q=1', 0],
    ['https://api.example.com/x/../v1', 'https://api.example.com/v1/chat?q=1', 0],
  ])('is asked when it is one of the allowed ones: %s', async (picked, url, place) => {
    const { proxy, asked, summaries } = pick(picked)
    const response = await proxy(new Request('http://proxy.test/chat?q=1'))
    expect(await response.text()).toBe('data: 1\n\n')
    expect(asked).toEqual([url])
    expect(summaries[0]?.upstream).toBe(place)
  })

  it.each([
    'https://api.example.com',
    'https://api.example.com/',
    'https://api.example.com/v1/',
    'https://api.example.com/v1/more',
    'https://api.example.com/v10',
    'https://other.example.com/deeper',
    'https://other.example.com/?key=1',
    'https://api.example.com/V1',
    'https://api.example.com/v1?key=1',
    'https://api.example.com/v1#x',
    'https://api.example.com/%76%31',
    'https://api.example.com./v1',
    'https://api.example.com.evil.test/v1',
    'https://evil.test/https://api.example.com/v1',
    'https://api.example.com@evil.test/v1',
    'https://user@api.example.com/v1',
    'https://user:secret@api.example.com/v1',
    'https://api.example.com:8443/v1',
    'https://api.example.com:80/v1',
    'http://api.example.com/v1',
    'http://api.example.com:443/v1',
    'https://xapi.example.com/v1',
    'https://example.com/v1',
    'https://аpi.example.com/v1',
    'http://127.0.0.1:8080/base/',
    'http://localhost:8080/base',
    'http://localhost/base/',
    'file:///etc/passwd',
    'api.example.com',
    '//api.example.com/v1',
    '',
    'https://',
    undefined,
    null,
    42,
    {},
    ['https://evil.test'],
  ])('is refused when it is %j', async (picked) => {
    const { proxy, asked, summaries } = pick(picked)
    const response = await proxy(new Request('http://proxy.test/chat'))
    expect(response.status).toBe(400)
    const text = await response.text()
    expect(JSON.parse(text)).toMatchObject({ error: { code: 'SSE_BAD_REQUEST' } })
    expect(text).not.toContain('example.com')
    expect(asked).toEqual([])
    expect(summaries).toMatchObject([{ code: 'SSE_BAD_REQUEST', attempts: 0 }])
  })

  it('is refused when the function throws, which is reported', async () => {
    const broken = new Error('no such tenant')
    const proxy = sseProxy(
      () => {
        throw broken
      },
      { allowedUpstreams: ALLOWED },
    )
    const warnings = await warningsDuring(async () => {
      expect((await proxy(new Request('http://proxy.test/'))).status).toBe(400)
    })
    expect(warnings.map(({ cause }) => cause)).toEqual([broken])
  })

  it('has the headers and limits that it is allowed with', async () => {
    const upstream = fakeUpstream([step.send({ data: '1' })])
    const proxy = sseProxy((request) => `http://${request.headers.get('x-tenant')}.test/`, {
      allowedUpstreams: [
        { url: 'http://a.test', headers: { authorization: 'Bearer a' } },
        { url: 'http://b.test', headers: { authorization: 'Bearer b' } },
      ],
      fetch: upstream.fetch,
    })
    for (const tenant of ['b', 'a', 'c']) {
      const headers = { 'x-tenant': tenant, authorization: 'Bearer client' }
      await (await proxy(new Request('http://proxy.test/', { headers }))).text()
    }
    expect(
      upstream.requests.map(({ headers }) => [headers.get('host'), headers.get('authorization')]),
    ).toEqual([
      ['b.test', 'Bearer b'],
      ['a.test', 'Bearer a'],
    ])
  })

  it('needs a list of those that are allowed', () => {
    expect(() => sseProxy(() => 'http://up.test')).toThrow('allowedUpstreams')
    expect(() => sseProxy(() => 'http://up.test', { allowedUpstreams: [] })).toThrow(
      refusal(TypeError, 'allowedUpstreams'),
    )
    expect(() => sseProxy(() => 'http://up.test', { allowedUpstreams: ['ftp://up.test'] })).toThrow(
      TypeError,
    )
  })
})
