import { randomBytes } from 'node:crypto'
import { gate, step, streamOf } from 'sse-stream-kit/testing'
import { describe, expect, it } from 'vitest'
import { RequestReplay } from '../../src/upstream/request-replay.ts'
import { severalUpstreams } from '../support/http/several-upstreams.ts'
import { settled } from '../support/settled.ts'
import { bytes } from '../support/sse/bytes.ts'
import { HandFed } from '../support/streams/hand-fed.ts'
import { watchRejections } from '../support/watch-rejections.ts'

watchRejections()

const textOf = (stream: ReadableStream<Uint8Array>): Promise<string> => new Response(stream).text()

describe('a request body that can be sent again', () => {
  it('streams as it comes', async () => {
    const source = new HandFed()
    const reader = new RequestReplay(source.readable, 100).stream().getReader()
    source.give(bytes('a'))
    expect((await reader.read()).value).toEqual(bytes('a'))
    const next = reader.read()
    source.give(bytes('b'))
    source.close()
    expect((await next).value).toEqual(bytes('b'))
    expect((await reader.read()).done).toBe(true)
  })

  it('reads nothing before its first pull', async () => {
    const source = streamOf(['a', 'b'])
    new RequestReplay(source, 100).stream()
    await settled()
    expect(source.pulls).toBe(0)
  })

  it('begins anew for the next upstream, and goes on where the client is', async () => {
    const source = new HandFed(bytes('a'), bytes('b'))
    const body = new RequestReplay(source.readable, 100)
    const first = body.stream().getReader()
    await first.read()
    await first.read()
    await first.cancel()
    const second = textOf(body.stream())
    source.give(bytes('c'))
    source.close()
    expect(await second).toBe('abc')
    expect(await textOf(body.stream())).toBe('abc')
    expect(source.cancels).toEqual([])
  })

  it('loses no chunk to an upstream that was left while it waited for one', async () => {
    const source = new HandFed(bytes('a'))
    const body = new RequestReplay(source.readable, 100)
    const left = body.stream().getReader()
    await left.read()
    const neverGiven = left.read()
    await settled()
    const next = textOf(body.stream())
    source.give(bytes('b'), bytes('c'))
    source.close()
    expect(await next).toBe('abc')
    let isGiven = false
    void neverGiven.then(() => {
      isGiven = true
    })
    await settled()
    expect(isGiven).toBe(false)
  })

  it('gives each upstream bytes of its own: it may do with them what it likes', async () => {
    const body = new RequestReplay(streamOf('secret'), 100)
    const { value } = await body.stream().getReader().read()
    value?.fill(0)
    expect(await textOf(body.stream())).toBe('secret')
  })

  it('is sent once, completely, when it is longer than the buffer', async () => {
    const body = new RequestReplay(streamOf(['12345', '6789', '0', 'abc']), 9)
    const reader = body.stream().getReader()
    await reader.read()
    await reader.read()
    expect(body.isReplayable).toBe(true)
    expect(body.heldBytes).toBe(9)
    await reader.read()
    expect(body.isReplayable).toBe(false)
    expect(body.heldBytes).toBe(0)
    await reader.read()
    expect(body.heldBytes).toBe(0)
  })

  it('comes whole to the second upstream when it grows too long there', async () => {
    const source = new HandFed(bytes('123'))
    const body = new RequestReplay(source.readable, 4)
    await body.stream().getReader().read()
    const second = textOf(body.stream())
    source.give(bytes('456'), bytes('789'))
    source.close()
    expect(await second).toBe('123456789')
    expect(body.isReplayable).toBe(false)
  })

  it('buffers nothing once there is no other attempt', async () => {
    const source = new HandFed(bytes('a'), bytes('b'))
    const body = new RequestReplay(source.readable, 100)
    const stream = body.stream()
    const reader = stream.getReader()
    await reader.read()
    expect(body.heldBytes).toBe(1)
    body.release()
    expect(body.isReplayable).toBe(false)
    expect(body.heldBytes).toBe(0)
    await reader.read()
    source.give(bytes('c'))
    source.close()
    expect((await reader.read()).value).toEqual(bytes('c'))
    expect((await reader.read()).done).toBe(true)
  })

  it('tells that the client broke it off', async () => {
    const source = new HandFed(bytes('a'))
    const body = new RequestReplay(source.readable, 100)
    const reader = body.stream().getReader()
    await reader.read()
    expect(body.failure).toBeUndefined()
    const broken = new Error('broken')
    source.fail(broken)
    await expect(reader.read()).rejects.toBe(broken)
    expect(body.failure).toEqual({ error: broken })
    expect(body.isReplayable).toBe(false)
  })

  it.each(['before', 'after'])(
    'ends the stream of the client when the last upstream wants no more, %s that is known',
    async (when) => {
      const source = new HandFed(bytes('a'))
      const body = new RequestReplay(source.readable, 100)
      const stream = body.stream()
      if (when === 'after') body.release()
      await stream.cancel('no more')
      if (when === 'before') {
        expect(source.cancels).toEqual([])
        body.release()
      }
      await settled()
      expect(source.cancels).toEqual(['no more'])
    },
  )

  it('cancels the stream of the client when it is no longer read', async () => {
    const source = new HandFed(bytes('a'))
    const body = new RequestReplay(source.readable, 100)
    body.cancel('enough')
    await settled()
    expect(source.cancels).toEqual(['enough'])
  })
})

const SOME = 200_000

/** A body in chunks of random lengths, of which the second half waits for the gate. */
function halfway(whole: Uint8Array, opened: Promise<void>): ReadableStream<Uint8Array> {
  let sent = 0
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        if (sent >= whole.length / 2) await opened
        if (sent === whole.length) return controller.close()
        const chunk = whole.slice(sent, sent + 7_919)
        sent += chunk.length
        controller.enqueue(chunk)
      },
    },
    { highWaterMark: 0 },
  )
}

describe('the body of a request that goes to another upstream', () => {
  it.each([
    ['refuses', step.json(503, { error: {} })],
    ['resets the connection', step.reset()],
    ['closes the connection', step.cut()],
  ])('is whole there, byte for byte, when the first one %s half-way', async (_, ending) => {
    const whole = randomBytes(SOME)
    const hasRefused = gate()
    const enough = SOME / 2 - 10_000
    const { send, upstreams, summaries } = await severalUpstreams([
      [
        step.until(async (request) => {
          while (request.bodyBytes < enough) await settled()
        }),
        ending,
      ],
      [step.until(({ body }) => body), step.send({ data: 'served' })],
    ])
    const answer = send({ body: halfway(whole, hasRefused.opened), duplex: 'half' })
    await upstreams[1]?.request()
    hasRefused.open()
    expect(await (await answer).text()).toBe('data: served\n\n')
    const got = await upstreams[1]?.requests[0]?.body
    expect(Buffer.compare(got as Uint8Array, whole)).toBe(0)
    expect(summaries[0]).toMatchObject({ verdict: 'complete', upstream: 1, attempts: 2 })
  })

  it('is sent to one upstream only when it is longer than replayBodyBytes', async () => {
    const { send, asked, summaries } = await severalUpstreams(
      [
        [step.until(({ body }) => body), step.json(503, { error: 'busy' })],
        [step.send({ data: 'served' })],
      ],
      { replayBodyBytes: 1_000, retry: { attempts: 3 } },
    )
    const response = await send({ body: 'x'.repeat(1_001) })
    expect(response.status).toBe(503)
    expect(await response.json()).toEqual({ error: 'busy' })
    expect(asked()).toEqual([1, 0])
    expect(summaries[0]).toMatchObject({ verdict: 'complete', upstream: 0, attempts: 1 })
  })

  it('is sent again at exactly replayBodyBytes', async () => {
    const { send, asked, upstreams } = await severalUpstreams(
      [[step.until(({ body }) => body), step.json(503, {})], [step.send({ data: 'served' })]],
      { replayBodyBytes: 1_000 },
    )
    const body = 'x'.repeat(1_000)
    expect(await (await send({ body })).text()).toBe('data: served\n\n')
    expect(await upstreams[1]?.requests[0]?.text()).toBe(body)
    expect(asked()).toEqual([1, 1])
  })

  it('is not sent again at all with replayBodyBytes 0, but a request without one is', async () => {
    const { send, asked } = await severalUpstreams(
      [[step.until(({ body }) => body), step.json(503, {})], [step.send({ data: 'served' })]],
      { replayBodyBytes: 0 },
    )
    expect((await send({ body: '1' })).status).toBe(503)
    expect((await send({ method: 'GET', body: null })).status).toBe(200)
    expect(asked()).toEqual([2, 1])
  })

  it('is answered with 400 when it breaks, and no upstream is blamed or asked again', async () => {
    const { send, asked, summaries } = await severalUpstreams([[step.never()], [step.never()]], {
      retry: { attempts: 2 },
      breaker: { failures: 1 },
    })
    const body = streamOf(['half', { error: new Error('the limit of the application') }])
    for (let request = 0; request < 3; request++) {
      const response = await send({
        body: request === 0 ? body : streamOf([{ error: new Error('again') }]),
        duplex: 'half',
      })
      expect(response.status).toBe(400)
      expect(await response.json()).toMatchObject({ error: { code: 'SSE_BAD_REQUEST' } })
    }
    expect(asked()[1]).toBe(0)
    expect(summaries.map(({ code }) => code)).toEqual(Array(3).fill('SSE_BAD_REQUEST'))
  })

  it('is let go when no upstream can be reached', async () => {
    const source = new HandFed(bytes('half'))
    const { send } = await severalUpstreams([[step.reset()], [step.reset()]])
    expect((await send({ body: source.readable, duplex: 'half' })).status).toBe(502)
    await expect.poll(() => source.cancels.length).toBe(1)
  })

  it('is let go when an earlier answer is passed on after all', async () => {
    const source = new HandFed(bytes('half'))
    const { send } = await severalUpstreams([[step.json(503, {})], [step.reset()]])
    expect((await send({ body: source.readable, duplex: 'half' })).status).toBe(503)
    await expect.poll(() => source.cancels.length).toBe(1)
  })
})
