import { type EndContext, proxyFetch, type StreamSummary, type Upstreams } from 'sse-stream-kit'
import { fakeUpstream, step } from 'sse-stream-kit/testing'
import { describe, expect, it, onTestFinished } from 'vitest'
import { causeCode } from '../../src/base/cause-code.ts'
import { refusingUrl } from '../support/http/closed-port.ts'
import { loopbackCertificate } from '../support/loopback-certificate.ts'

async function listening(listen = {}): Promise<string> {
  const upstream = fakeUpstream([step.send({ data: '1' }), step.reset()])
  onTestFinished(() => upstream.close())
  return upstream.listen(listen)
}

/** Asks once, and gives all that the client is sent and all that `onEnd` is given. */
async function ask(upstream: Upstreams) {
  const request = new Request('http://client.test/v1/chat?key=secret', {
    method: 'POST',
    body: '{}',
  })
  const ends: [StreamSummary, EndContext][] = []
  const response = await proxyFetch(request, upstream, {
    onEnd: (summary, context) => ends.push([summary, context]),
  })
  const text = await response.text().catch((error: Error) => String(error))
  expect(ends).toHaveLength(1)
  const [[summary, context]] = ends as [[StreamSummary, EndContext]]
  expect(context.request).toBe(request)
  return { summary, context, sent: `${text} ${JSON.stringify([...response.headers])}` }
}

const CASES: [string, () => Promise<string> | string, RegExp][] = [
  ['refuses', refusingUrl, /^ECONNREFUSED$/],
  // A machine without a name server says the latter.
  ['has a name that nobody knows', () => 'http://nowhere.invalid', /^(ENOTFOUND|EAI_AGAIN)$/],
  [
    'has a certificate that nobody trusts',
    async () => listening({ tls: await loopbackCertificate() }),
    /^DEPTH_ZERO_SELF_SIGNED_CERT$/,
  ],
  [
    'speaks no TLS on the port',
    async () => (await listening()).replace('http:', 'https:'),
    /^ERR_SSL_\w+$/,
  ],
]

describe('why there was a 502', () => {
  it.each(CASES)('is told where the upstream %s, but not to the client', async (_, url, code) => {
    const { summary, context, sent } = await ask(await url())
    expect(summary).toMatchObject({
      verdict: 'upstream_error',
      code: 'SSE_UPSTREAM_NETWORK',
      status: 502,
      causeCode: expect.stringMatching(code),
    })
    expect(context.error).toMatchObject({ code: 'SSE_UPSTREAM_NETWORK', cause: expect.any(Error) })
    expect(sent).not.toContain(summary.causeCode)
    expect(sent).not.toMatch(/127\.0\.0\.1|nowhere|certificate|SSL/)
  })

  it('is told where a stream broke after its head', async () => {
    const { summary, context } = await ask(await listening())
    expect(summary.status).toBe(200)
    expect(summary.causeCode).toMatch(/^(ECONNRESET|UND_ERR_SOCKET)$/)
    expect(context.error).toMatchObject({ code: 'SSE_UPSTREAM_NETWORK' })
  })

  it('is not told where nothing went wrong', async () => {
    const upstream = fakeUpstream([step.send({ data: '1' })])
    onTestFinished(() => upstream.close())
    const { summary, context } = await ask(await upstream.listen())
    expect(summary).not.toHaveProperty('causeCode')
    expect(context.error).toBeUndefined()
  })
})

describe('the code of a cause', () => {
  const coded = (code: unknown, cause?: unknown) =>
    Object.assign(new Error('x', { cause }), { code })

  it.each<[unknown, string | undefined]>([
    [coded('SSE_UPSTREAM_NETWORK', coded('ECONNREFUSED')), 'ECONNREFUSED'],
    [coded('UND_ERR_SOCKET', coded('ECONNRESET')), 'ECONNRESET'],
    [new Error('x', { cause: new AggregateError([coded('EHOSTUNREACH')]) }), 'EHOSTUNREACH'],
    [Object.assign(new AggregateError([new Error('x')]), { code: 'ECONNREFUSED' }), 'ECONNREFUSED'],
    [coded('SSE_UPSTREAM_NETWORK', new Error('x')), undefined],
    [coded(20), undefined],
    [coded('forged status=200\nx'), undefined],
    ['ECONNREFUSED', undefined],
    [undefined, undefined],
  ])('of %o is %s', (error, code) => {
    expect(causeCode(error)).toBe(code)
  })

  it('is found where an error causes itself', () => {
    const error = coded('ECONNRESET')
    error.cause = error
    expect(causeCode(error)).toBe('ECONNRESET')
  })
})
