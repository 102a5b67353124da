import { fakeUpstream, gate, slowClient, step, streamOf } from 'sse-stream-kit/testing'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { openUpstream } from '../support/http/open-upstream.ts'
import { loopbackCertificate } from '../support/loopback-certificate.ts'
import { standstill } from '../support/standstill.ts'

afterEach(async () => {
  vi.useRealTimers()
})
function* endless() {
  for (;;) yield step.raw(new Uint8Array(65_536))
}

describe('slowClient over a socket', () => {
  it('sends its request and reads the response to its end', async () => {
    const upstream = openUpstream([step.status(201, { 'x-a': 'b' }), step.send({ data: 'größer' })])
    const client = slowClient(`${await upstream.listen()}/v1?a`, {
      headers: { 'x-key': '1' },
      body: 'hi',
    })
    expect(await client.verdict).toBe('complete')
    const { status, headers } = await client.head
    expect([status, headers.get('x-a')]).toEqual([201, 'b'])
    expect(client.text).toBe('data: größer\n\n')
    expect(client.bytesReceived).toBe(16)
    const request = await upstream.request()
    expect(request).toMatchObject({ method: 'POST', url: '/v1?a' })
    expect(request.headers.get('x-key')).toBe('1')
    expect(await request.text()).toBe('hi')
  })

  it('stops reading the socket while paused, so that the server has to wait', async () => {
    const upstream = openUpstream(endless)
    const client = slowClient(await upstream.listen())
    await client.received(100_000)
    client.pause()
    const request = await upstream.request()
    const before = await standstill(() => request.bytesTaken)
    const pauses = request.pauses
    expect(pauses).toBeGreaterThan(0)
    const { bytesReceived } = client
    client.resume()
    await client.received(bytesReceived + 20_000_000)
    expect(request.bytesTaken).toBeGreaterThan(before)
    client.leave()
    await request.closed
  })

  it('disconnects at once while paused', async () => {
    const upstream = openUpstream(endless)
    const client = slowClient(await upstream.listen(), { paused: true })
    await client.head
    expect(client.bytesReceived).toBe(0)
    client.leave()
    expect(await client.verdict).toBe('cancelled')
    expect(client.error).toBeUndefined()
    const request = await upstream.request()
    await request.closed
    expect(request.aborted).toBe(true)
  })

  it('disconnects before the head', async () => {
    const upstream = openUpstream([step.never()])
    const client = slowClient(await upstream.listen())
    const request = await upstream.request()
    client.leave()
    client.leave()
    await request.closed
    expect(await client.verdict).toBe('cancelled')
    await expect(client.head).rejects.toThrow()
  })

  it.each(['cut', 'reset'] as const)('reports a body that is broken by %s', async (how) => {
    const seen = gate()
    const upstream = openUpstream([step.send({ data: '1' }), step.until(seen.opened), step[how]()])
    const client = slowClient(await upstream.listen())
    await client.received(9)
    seen.open()
    expect(await client.verdict).toBe('error')
    expect(client.error).toMatchObject({ code: 'ECONNRESET' })
    expect(client.text).toBe('data: 1\n\n')
    await expect(client.received(10)).rejects.toThrow('ended after 9')
  })

  it('reports an address that refuses connections', async () => {
    const upstream = fakeUpstream([])
    const url = await upstream.listen()
    await upstream.close()
    const client = slowClient(url)
    expect(await client.verdict).toBe('error')
    expect(client.error).toMatchObject({ code: 'ECONNREFUSED' })
  })

  it('trusts the certificate it is given', async () => {
    const tls = await loopbackCertificate()
    const upstream = openUpstream([step.send({ data: '1' })])
    const url = await upstream.listen({ tls })
    const client = slowClient(url, { ca: tls.cert })
    expect(await client.verdict).toBe('complete')
    expect(await slowClient(url).verdict).toBe('error')
  })

  it('uses a connection of its own, and closes it', async () => {
    const upstream = openUpstream([step.status(200), step.hang()])
    const url = await upstream.listen()
    const clients = [slowClient(url), slowClient(url)]
    await Promise.all(clients.map(({ head }) => head))
    expect(upstream.connections).toBe(2)
    expect(upstream.requests.map(({ headers }) => headers.get('connection'))).toEqual([
      'close',
      'close',
    ])
    for (const client of clients) client.leave()
  })
})

describe('slowClient of a Response', () => {
  it('reads bytesPerSecond for chunks of any size', async () => {
    vi.useFakeTimers()
    const client = slowClient(new Response(streamOf(['x'.repeat(150), 'y'.repeat(50)])), {
      bytesPerSecond: 100,
    })
    await vi.advanceTimersByTimeAsync(950)
    expect(client.bytesReceived).toBe(100)
    await vi.advanceTimersByTimeAsync(500)
    expect(client.bytesReceived).toBe(150)
    await vi.advanceTimersByTimeAsync(1000)
    expect(client.bytesReceived).toBe(200)
    expect(await client.verdict).toBe('complete')
    expect(client.text).toBe('x'.repeat(150) + 'y'.repeat(50))
    expect(vi.getTimerCount()).toBe(0)
  })

  it('pulls nothing while paused, and leaves no timer', async () => {
    vi.useFakeTimers()
    const source = streamOf(['1', '2', '3'])
    const client = slowClient(new Response(source), { paused: true, bytesPerSecond: 1 })
    await vi.advanceTimersByTimeAsync(1000)
    expect(source.pulls).toBe(0)
    client.resume()
    await vi.advanceTimersByTimeAsync(500)
    expect(client.text).toBe('1')
    client.pause()
    await vi.advanceTimersByTimeAsync(10_000)
    expect(client.text).toBe('1')
    client.leave()
    expect(await client.verdict).toBe('cancelled')
    expect(vi.getTimerCount()).toBe(0)
    expect(source.state).toBe('cancelled')
  })

  it('disconnects at once in the wait between two pieces', async () => {
    vi.useFakeTimers()
    const client = slowClient(new Response('123'), { bytesPerSecond: 1 })
    await client.received(1)
    await vi.advanceTimersByTimeAsync(0)
    expect(vi.getTimerCount()).toBe(1)
    client.leave()
    expect(vi.getTimerCount()).toBe(0)
    expect(await client.verdict).toBe('cancelled')
  })

  it('keeps at most maxKeptBytes and counts the rest', async () => {
    const client = slowClient(new Response(streamOf(['abc', 'def', 'ghijkl'])), {
      maxKeptBytes: 4,
    })
    expect(await client.verdict).toBe('complete')
    expect(client.text).toBe('abcd')
    expect(client.bytesReceived).toBe(12)
  })

  it('reports an error, and a response without a body', async () => {
    const error = new Error('broken')
    const client = slowClient(new Response(streamOf(['1', { error }])))
    expect(await client.verdict).toBe('error')
    expect(client.error).toBe(error)
    expect(await slowClient(new Response(null)).verdict).toBe('complete')
  })

  it('is complete if the response has ended before leave()', async () => {
    const client = slowClient(new Response('1'))
    expect(await client.verdict).toBe('complete')
    client.leave()
    expect(await client.verdict).toBe('complete')
  })

  it('refuses a wrong pace', () => {
    expect(() => slowClient(new Response(''), { bytesPerSecond: 0 })).toThrow('bytesPerSecond')
    expect(() => slowClient(new Response(''), { maxKeptBytes: -1 })).toThrow('maxKeptBytes')
  })
})
