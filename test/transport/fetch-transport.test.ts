import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { gate, step } from 'sse-stream-kit/testing'
import { describe, expect, it, vi } from 'vitest'
import { Aborter } from '../../src/base/aborter.ts'
import { fetchTransport } from '../../src/transport/fetch-transport.ts'
import type { TransportCall } from '../../src/transport/transport.ts'
import { bodyText, openTransport } from './open-transport.ts'

type Fetch = typeof globalThis.fetch

const send = (fetch: Fetch, call: Partial<TransportCall> = {}) =>
  fetchTransport(fetch, 1_000).send({
    url: new URL('http://up.test/'),
    method: 'GET',
    headers: new Headers(),
    body: null,
    aborter: new Aborter(),
    ...call,
  })
const failing =
  (cause: object): Fetch =>
  async () => {
    throw new TypeError('fetch failed', { cause })
  }

describe('fetchTransport', () => {
  it('follows no redirect, and passes headers as pairs that any fetch takes', async () => {
    const fetch = vi.fn(async (..._: Parameters<Fetch>) => new Response('x'))
    await send(fetch, { headers: new Headers({ 'x-a': '1' }) })
    expect(fetch.mock.calls[0]?.[1]).toMatchObject({
      redirect: 'manual',
      headers: [['x-a', '1']],
      body: null,
    })
    expect(fetch.mock.calls[0]?.[1]).not.toHaveProperty('duplex')
  })

  it('streams a body', async () => {
    const fetch = vi.fn(async (..._: Parameters<Fetch>) => new Response('x'))
    await send(fetch, { method: 'POST', body: new ReadableStream() })
    expect(fetch.mock.calls[0]?.[1]).toMatchObject({ duplex: 'half' })
  })

  it('tells the wait for a connection from other failures', async () => {
    await expect(send(failing({ code: 'UND_ERR_CONNECT_TIMEOUT' }))).rejects.toMatchObject({
      code: 'SSE_UPSTREAM_TIMEOUT',
      phase: 'connect',
      timeoutMs: 1_000,
    })
    await expect(send(failing({ code: 'ECONNREFUSED' }))).rejects.toMatchObject({
      code: 'SSE_UPSTREAM_NETWORK',
      cause: { cause: { code: 'ECONNREFUSED' } },
    })
  })

  it('takes a fetch that throws for a failure of the network too', async () => {
    const throws = (): never => {
      throw new Error('no such upstream')
    }
    await expect(send(throws)).rejects.toMatchObject({ code: 'SSE_UPSTREAM_NETWORK' })
  })

  it('takes what is no response for a bug of the application', async () => {
    const error = await send((async () => undefined) as unknown as Fetch).catch((error) => error)
    expect(error).toBeInstanceOf(TypeError)
    expect(error.code).toBeUndefined()
  })

  it('does not wait for a fetch that ignores its signal, and cancels what it answers later', async () => {
    const aborter = new Aborter()
    let answer = (_: Response): void => {}
    const late = new Promise<Response>((resolve) => {
      answer = resolve
    })
    const cancel = vi.fn()
    const sent = send(() => late, { aborter })
    const reason = new Error('enough')
    aborter.abort(reason)
    await expect(sent).rejects.toBe(reason)
    answer(new Response(new ReadableStream({ cancel })))
    await vi.waitFor(() => expect(cancel).toHaveBeenCalledWith(reason))
  })

  it('leaves no listener behind', async () => {
    const aborter = new Aborter()
    const added = vi.spyOn(aborter, 'listen')
    const removed = vi.spyOn(aborter, 'unlisten')
    await send(async () => new Response('x'), { aborter })
    await send(failing({}), { aborter }).catch(() => {})
    expect(added).toHaveBeenCalledTimes(2)
    expect(removed).toHaveBeenCalledTimes(2)
  })

  it('keeps a body that is read only after a garbage collection', async () => {
    setFlagsFromString('--expose-gc')
    const collect = runInNewContext('gc') as () => void
    const collected = gate()
    const { send } = await openTransport("of the runtime's fetch", [
      step.send({ data: '1' }),
      step.until(collected.opened),
      step.send({ data: '2' }),
    ])
    const { body } = await send()
    for (let turn = 0; turn < 10; turn++) {
      await new Promise((resolve) => setImmediate(resolve))
      collect()
    }
    collected.open()
    expect(await bodyText(body)).toBe('data: 1\n\ndata: 2\n\n')
  })
})
