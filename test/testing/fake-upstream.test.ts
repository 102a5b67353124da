import { type FakeUpstream, fakeUpstream, step, type UpstreamScript } from 'sse-stream-kit/testing'
import { afterEach, describe, expect, it } from 'vitest'

const opened: FakeUpstream[] = []
const make = (script: UpstreamScript): FakeUpstream => {
  const upstream = fakeUpstream(script)
  opened.push(upstream)
  return upstream
}
afterEach(async () => {
  await Promise.all(opened.splice(0).map((upstream) => upstream.close()))
})

/** The two faces: the same script has to do the same over both. */
const FACES: [string, (upstream: FakeUpstream) => Promise<typeof fetch>][] = [
  [
    'over a socket',
    async (upstream) => {
      const url = await upstream.listen()
      return (input, init) => {
        const { pathname, search } = new URL(String(input))
        return fetch(url + pathname + search, init)
      }
    },
  ],
  ['as a fetch', async (upstream) => upstream.fetch],
]
const URL_OF_TEST = 'http://upstream.test/v1/chat?stream=1'

describe.each(FACES)('fakeUpstream %s', (_, open) => {
  it('sends what the script says and ends', async () => {
    const upstream = make([step.comment('hi'), step.send({ data: '1' }), step.raw('data: 2')])
    const response = await (await open(upstream))(URL_OF_TEST)
    expect(response.status).toBe(200)
    expect(response.headers.get('content-type')).toBe('text/event-stream')
    expect(await response.text()).toBe(': hi\n\ndata: 1\n\ndata: 2')
  })

  it('records the request and what became of it', async () => {
    const upstream = make([step.send({ data: '1' })])
    const response = await (await open(upstream))(URL_OF_TEST, {
      method: 'POST',
      body: 'größer',
      headers: { 'x-key': 'a' },
    })
    await response.text()
    const request = await upstream.request()
    await request.closed
    expect(request).toMatchObject({ method: 'POST', url: '/v1/chat?stream=1', index: 0 })
    expect(request.headers.get('x-key')).toBe('a')
    expect(await request.text()).toBe('größer')
    expect(request.bytesTaken).toBe('data: 1\n\n'.length)
    expect(request.aborted).toBe(false)
    expect(request.closedAtMs).toBeTypeOf('number')
  })

  it.each(['cut', 'reset'] as const)('breaks the body by %s', async (how) => {
    const upstream = make([step.send({ data: '1' }), step[how]()])
    const response = await (await open(upstream))(URL_OF_TEST)
    await expect(response.text()).rejects.toThrow('terminated')
    const request = await upstream.request()
    await request.closed
    expect(request.aborted).toBe(false)
  })

  it('breaks the connection before a head', async () => {
    const upstream = make([step.reset()])
    await expect((await open(upstream))(URL_OF_TEST)).rejects.toThrow('fetch failed')
  })

  it('tells that the client left a silent answer', async () => {
    const upstream = make([step.send({ data: '1' }), step.hang()])
    const response = await (await open(upstream))(URL_OF_TEST)
    await response.body?.cancel()
    const request = await upstream.request()
    await request.closed
    expect(request.aborted).toBe(true)
  })

  it('tells that the client left before a head', async () => {
    const upstream = make([step.never()])
    const controller = new AbortController()
    const answer = (await open(upstream))(URL_OF_TEST, { signal: controller.signal })
    const request = await upstream.request()
    controller.abort(new Error('enough'))
    await expect(answer).rejects.toThrow('enough')
    await request.closed
    expect(request.aborted).toBe(true)
    expect(request.isAnswered).toBe(false)
  })

  it('waits for a gate', async () => {
    let openGate = (): void => {}
    const gate = new Promise<void>((resolve) => {
      openGate = resolve
    })
    const upstream = make([step.send({ data: '1' }), step.until(gate), step.send({ data: '2' })])
    const response = await (await open(upstream))(URL_OF_TEST)
    const reader = (response.body as ReadableStream<Uint8Array>).getReader()
    const read = async (): Promise<string> =>
      new TextDecoder().decode((await reader.read()).value as Uint8Array)
    expect(await read()).toBe('data: 1\n\n')
    openGate()
    expect(await read()).toBe('data: 2\n\n')
    expect((await reader.read()).done).toBe(true)
  })

  it('answers as whole JSON', async () => {
    const upstream = make([step.json(429, { error: 'slow down' }, { 'retry-after': '3' })])
    const response = await (await open(upstream))(URL_OF_TEST)
    expect(response.status).toBe(429)
    expect(response.headers.get('retry-after')).toBe('3')
    expect(response.headers.get('content-length')).toBe('21')
    expect(await response.json()).toEqual({ error: 'slow down' })
  })

  it('pulls an endless script no faster than it is read', async () => {
    let sent = 0
    const upstream = make(function* () {
      for (;;) {
        sent++
        yield step.raw(new Uint8Array(65_536))
      }
    })
    const response = await (await open(upstream))(URL_OF_TEST)
    const request = await upstream.request()
    await expect.poll(() => request.pauses).toBeGreaterThan(0)
    const before = sent
    await response.body?.cancel()
    await request.closed
    expect(sent).toBe(before)
    expect(request.aborted).toBe(true)
  })
})
