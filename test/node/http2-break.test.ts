import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  constants,
  createSecureServer,
  type Http2SecureServer,
} from 'node:http2'
import type { AddressInfo } from 'node:net'
import { setImmediate as turn, setTimeout as wait } from 'node:timers/promises'
import { toNodeHandler } from 'sse-stream-kit/node'
import { Agent, fetch } from 'undici'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { loopbackCertificate } from '../support/loopback-certificate.ts'
import { within } from '../support/within.ts'
import { type ManualBody, manualBody } from './manual-body.ts'

const { key, cert } = await loopbackCertificate()
const EVENTS = Array.from({ length: 20 }, (_, id) => `data: ${id} ${'x'.repeat(1_000)}\n\n`)
const PAUSE_MS = 10

let server: Http2SecureServer
let session: ClientHttp2Session | undefined
let agent: Agent | undefined
afterEach(async () => {
  vi.useRealTimers()
  session?.destroy()
  await agent?.destroy()
  await new Promise((resolve) => server.close(resolve))
})

/** A server that answers every request with this body; resolves to its origin. */
async function listen(body: ManualBody, exchanges: Promise<void>[] = []): Promise<string> {
  const handle = toNodeHandler(() => new Response(body.stream))
  server = createSecureServer({ key, cert }, (req, res) => void exchanges.push(handle(req, res)))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return `https://127.0.0.1:${(server.address() as AddressInfo).port}`
}

async function ask(origin: string): Promise<ClientHttp2Stream> {
  session = connect(origin, { ca: cert })
  const stream = session.request({ ':path': '/' })
  stream.setEncoding('utf8')
  stream.on('error', () => {})
  await within(
    'event response of the stream',
    new Promise((resolve) => stream.on('response', resolve)),
  )
  return stream
}

/** Sends the events, then errors like an upstream that breaks. */
function sendAndFail(body: ManualBody): void {
  for (const event of EVENTS) body.send(event)
  // A stream that errors drops its queue.
  setImmediate(() => body.fail(new Error('the upstream broke')))
}

describe('an HTTP/2 response whose body breaks', () => {
  it('delivers everything to a slow client of node:http2, and then breaks', async () => {
    const body = manualBody()
    const stream = await ask(await listen(body))
    let text = ''
    let hasEnded = false
    stream.on('end', () => {
      hasEnded = true
    })
    stream.on('data', (chunk: string) => {
      text += chunk
      stream.pause()
      setTimeout(() => stream.resume(), PAUSE_MS)
    })
    sendAndFail(body)
    await within('event close of the stream', new Promise((resolve) => stream.on('close', resolve)))
    expect(text).toBe(EVENTS.join(''))
    expect(hasEnded).toBe(false)
    expect(stream.rstCode).toBe(constants.NGHTTP2_INTERNAL_ERROR)
  })

  it('delivers everything to a slow reader of undici, and then breaks', async () => {
    const body = manualBody()
    const origin = await listen(body)
    agent = new Agent({ allowH2: true, connect: { ca: cert } })
    const response = await fetch(origin, { dispatcher: agent })
    sendAndFail(body)
    let text = ''
    const decoder = new TextDecoder()
    const read = async (): Promise<void> => {
      for await (const chunk of response.body ?? []) {
        text += decoder.decode(chunk, { stream: true })
        await wait(PAUSE_MS)
      }
    }
    await expect(read()).rejects.toThrow(TypeError)
    expect(text).toBe(EVENTS.join(''))
  })

  const open = async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
    const body = manualBody()
    const exchanges: Promise<void>[] = []
    const stream = await ask(await listen(body, exchanges))
    const received = new Promise((resolve) => stream.on('data', resolve))
    const closed = new Promise((resolve) => stream.on('close', () => resolve(stream.rstCode)))
    const fail = async (): Promise<void> => {
      body.fail(new Error('the upstream broke'))
      while (vi.getTimerCount() === 0) await turn()
    }
    const over = async (): Promise<void> => {
      await within('end of every exchange', Promise.all(exchanges))
      await turn()
      expect(vi.getTimerCount()).toBe(0)
    }
    return { body, stream, received, closed, fail, over }
  }

  it('is reset one second after its last bytes', async () => {
    const { body, stream, received, closed, fail, over } = await open()
    body.send('data: 1\n\n')
    await received
    await vi.advanceTimersByTimeAsync(400)
    await fail()
    await vi.advanceTimersByTimeAsync(599)
    await new Promise((resolve) => session?.ping(resolve))
    expect(stream.closed).toBe(false)
    await vi.advanceTimersByTimeAsync(1)
    expect(await closed).toBe(constants.NGHTTP2_INTERNAL_ERROR)
    await over()
  })

  it('is reset at once if nothing was sent', async () => {
    const { body, closed, over } = await open()
    body.fail(new Error('the upstream broke'))
    expect(await closed).toBe(constants.NGHTTP2_INTERNAL_ERROR)
    await over()
  })

  it('is reset at once if nothing was sent for a second', async () => {
    const { body, received, closed, over } = await open()
    body.send('data: 1\n\n')
    await received
    await vi.advanceTimersByTimeAsync(1_000)
    body.fail(new Error('the upstream broke'))
    expect(await closed).toBe(constants.NGHTTP2_INTERNAL_ERROR)
    await over()
  })

  it.each([constants.NGHTTP2_NO_ERROR, constants.NGHTTP2_CANCEL])(
    'is over at once when its client resets with code %i meanwhile',
    async (code) => {
      const { body, stream, received, fail, over } = await open()
      body.send('data: 1\n\n')
      await received
      await fail()
      stream.close(code)
      await over()
    },
  )

  it('ends at once when a client that reads nothing resets without an error', async () => {
    const { body, stream, fail, over } = await open()
    stream.pause()
    body.send('x'.repeat(1_000_000))
    await turn()
    await fail()
    stream.close(constants.NGHTTP2_NO_ERROR)
    await over()
  })

  it("ends at once when its client's connection closes", async () => {
    const { body, received, fail, over } = await open()
    body.send('data: 1\n\n')
    await received
    await fail()
    session?.destroy()
    await over()
  })
})
