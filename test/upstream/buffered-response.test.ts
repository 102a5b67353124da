import { describe, expect, it, vi } from 'vitest'
import type { ByteSource } from '../../src/base/byte-source.ts'
import { PushedBody } from '../../src/transport/pushed-body.ts'
import { BufferedResponse } from '../../src/upstream/buffered-response.ts'
import { settled } from '../support/settled.ts'
import { scriptedTarget } from '../support/upstream/open-call.ts'
import { ScriptedTransport } from '../support/upstream/scripted-transport.ts'
import { watchRejections } from '../support/watch-rejections.ts'
import { watchTimers } from '../support/watch-timers.ts'

watchTimers()
watchRejections()

function buffered(body: ByteSource | null): BufferedResponse {
  return new BufferedResponse({
    status: 503,
    statusText: '',
    headers: new Headers({ 'x-id': 'a' }),
    body,
    target: scriptedTarget(new ScriptedTransport({})),
    isSse: false,
    headersMs: 5,
    firstEvent: undefined,
  })
}

function pushed() {
  const abort = vi.fn()
  return { abort, body: new PushedBody({ abort, resume: () => {} }) }
}

async function textOf(response: BufferedResponse): Promise<string | undefined> {
  const body = (await response.take())?.body
  return body ? await new Response(body as ReadableStream<Uint8Array>).text() : undefined
}

describe('BufferedResponse', () => {
  it('gives the response with its whole body, however that is cut', async () => {
    const { body, abort } = pushed()
    const response = buffered(body)
    for (const part of ['{"a"', ':', '1}']) {
      body.push(Buffer.from(part))
      await settled()
    }
    body.end()
    expect(await response.take()).toMatchObject({ status: 503, headersMs: 5 })
    expect(await textOf(response)).toBe('{"a":1}')
    expect(abort).not.toHaveBeenCalled()
  })

  it.each([
    ['no body', null],
    ['an empty one', new Response('').body],
  ])('gives a response with %s', async (_, body) => {
    const taken = await buffered(body).take()
    expect(taken?.status).toBe(503)
    expect(taken?.body && (await taken.body.getReader().read()).done).toBe(body && true)
  })

  it('gives 64 KiB, and drops and cancels a longer body', async () => {
    const [fits, over] = [pushed(), pushed()]
    const [full, longer] = [buffered(fits.body), buffered(over.body)]
    fits.body.push(new Uint8Array(65_536))
    fits.body.end()
    over.body.push(new Uint8Array(65_537))
    expect((await textOf(full))?.length).toBe(65_536)
    expect(await longer.take()).toBeUndefined()
    expect(over.abort).toHaveBeenCalledTimes(1)
  })

  it('drops and cancels a body that takes more than a second', async () => {
    const { body, abort } = pushed()
    const response = buffered(body)
    body.push(Buffer.from('{'))
    await vi.advanceTimersByTimeAsync(999)
    expect(abort).not.toHaveBeenCalled()
    await vi.advanceTimersByTimeAsync(1)
    expect(abort).toHaveBeenCalledTimes(1)
    expect(await response.take()).toBeUndefined()
  })

  it('drops a body that breaks', async () => {
    const { body } = pushed()
    const response = buffered(body)
    body.fail(new Error('broken'))
    expect(await response.take()).toBeUndefined()
  })

  it('drops a body that is locked, without an unhandled rejection', async () => {
    const { body } = new Response('x')
    body?.getReader()
    expect(await buffered(body).take()).toBeUndefined()
  })

  it('cancels its body when it is dropped, and leaves no timer', async () => {
    const { body, abort } = pushed()
    const response = buffered(body)
    response.drop()
    expect(abort).toHaveBeenCalledTimes(1)
    expect(await response.take()).toBeUndefined()
  })
})
