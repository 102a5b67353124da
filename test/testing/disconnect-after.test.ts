import { disconnectAfter, fakeUpstream, step, streamOf } from 'sse-stream-kit/testing'
import { describe, expect, it } from 'vitest'
import { refusal } from '../support/refusal.ts'

describe('disconnectAfter', () => {
  it('disconnects after the given number of events, and the upstream sees it', async () => {
    const upstream = fakeUpstream([
      step.comment('no event'),
      step.send({ data: '1' }),
      step.send({ data: '2' }),
      step.hang(),
    ])
    const left = await disconnectAfter(await upstream.listen(), { events: 2, body: 'hi' })
    expect(left).toEqual({ status: 200, bytes: 30, events: 2, verdict: 'cancelled' })
    const request = await upstream.request()
    await request.closed
    expect(request).toMatchObject({ aborted: true, method: 'POST' })
    await upstream.close()
  })

  it('disconnects when the head has arrived', async () => {
    const upstream = fakeUpstream([step.status(200), step.hang()])
    const left = await disconnectAfter(await upstream.listen(), { bytes: 0 })
    expect(left).toEqual({ status: 200, bytes: 0, events: 0, verdict: 'cancelled' })
    await (await upstream.request()).closed
    await upstream.close()
  })

  it('cancels a response after the given number of bytes, at the end of the chunk', async () => {
    const source = streamOf(['data: 1', '\n\nda', 'ta: 2\n\n'])
    const left = await disconnectAfter(new Response(source), { bytes: 8 })
    expect(left).toEqual({ status: 200, bytes: 11, events: 1, verdict: 'cancelled' })
    expect(source.state).toBe('cancelled')
  })

  it('reports that the response has ended or broken before', async () => {
    expect(await disconnectAfter(new Response('data: 1\n\n'), { events: 2 })).toMatchObject({
      events: 1,
      verdict: 'complete',
    })
    const broken = new Response(streamOf(['data: 1\n\n', { error: new Error('broken') }]))
    expect(await disconnectAfter(broken, { bytes: 10 })).toMatchObject({
      bytes: 9,
      verdict: 'error',
    })
  })

  it('rejects without a head, and without bytes or events', async () => {
    const upstream = fakeUpstream([step.cut()])
    await expect(disconnectAfter(await upstream.listen(), { bytes: 1 })).rejects.toThrow()
    await upstream.close()
    const response = new Response('')
    await expect(disconnectAfter(response, {})).rejects.toThrow('Exactly one')
    await expect(disconnectAfter(response, { bytes: 1, events: 1 })).rejects.toThrow('Exactly one')
    await expect(disconnectAfter(response, { bytes: -1 })).rejects.toThrow(
      refusal(RangeError, 'bytes'),
    )
    await expect(disconnectAfter(response, { events: 0.5 })).rejects.toThrow(
      refusal(RangeError, 'events'),
    )
  })
})
