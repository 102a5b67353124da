import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type ProxyOptions, sseProxy } from 'sse-stream-kit'
import { toNodeHandler } from 'sse-stream-kit/node'
import { fakeUpstream, step } from 'sse-stream-kit/testing'
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest'

const JSON_BODY = JSON.stringify({ model: 'm', stream: true })

async function open(options: ProxyOptions = {}) {
  const upstream = fakeUpstream([step.send({ data: 'hello' })])
  const proxy = sseProxy(await upstream.listen(), options)
  const server = createServer(toNodeHandler(proxy)).listen(0, '127.0.0.1')
  await new Promise((resolve) => server.on('listening', resolve))
  onTestFinished(async () => {
    await proxy.close({ drainMs: 0 })
    await upstream.close()
    server.closeAllConnections()
    server.close()
  })
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/chat?a=1`
  return { upstream, post: () => postOver(url, JSON_BODY) }
}

/** Not by `fetch`, whose classes are counted here. */
async function postOver(url: string, body: string): Promise<string> {
  const { request } = await import('node:http')
  return await new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json', accept: 'text/event-stream' }
    const sent = request(url, { method: 'POST', headers, agent: false }, (response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (part: string) => {
        text += part
      })
      response.on('end', () => resolve(text))
    })
    sent.on('error', reject)
    sent.end(body)
  })
}

/** Counts the objects of a class of the platform that the library makes, apart from the upstream of the test. */
function counted(
  name: 'Request' | 'Response' | 'ReadableStream' | 'AbortController',
): () => number {
  let count = 0
  const Original = globalThis[name] as new (...given: unknown[]) => object
  vi.stubGlobal(
    name,
    class extends Original {
      constructor(...given: unknown[]) {
        super(...given)
        if (/\/src\/(?!testing\/)/.test(new Error().stack ?? '')) count++
      }
    },
  )
  return () => count
}

afterEach(() => void vi.unstubAllGlobals())

describe('a proxy behind toNodeHandler', () => {
  it.each(['Request', 'Response', 'ReadableStream', 'AbortController'] as const)(
    'relays a POST that has arrived whole without a %s',
    async (name) => {
      const { upstream, post } = await open({ onEnd: () => {} })
      const count = counted(name)
      expect(await post()).toBe('data: hello\n\n')
      expect(await upstream.requests[0]?.text()).toBe(JSON_BODY)
      expect(count()).toBe(0)
    },
  )

  it('makes one Request for all functions of the application that read it', async () => {
    const seen: Request[] = []
    const ended = new Promise<void>((resolve) => {
      void open({
        headers: (request) => {
          seen.push(request)
          return { 'x-path': new URL(request.url).pathname }
        },
        onEnd: (_, { request }) => {
          seen.push(request)
          resolve()
        },
      }).then(async ({ upstream, post }) => {
        await post()
        expect(upstream.requests[0]?.headers.get('x-path')).toBe('/v1/chat')
      })
    })
    await ended
    const [first, second] = seen
    expect(first).toBe(second)
    expect(first?.method).toBe('POST')
    expect(first?.headers.get('accept')).toBe('text/event-stream')
    expect(await first?.text()).toBe(JSON_BODY)
  })

  it('does not hold a body that has been sent', async () => {
    let ended: Request | undefined
    const { post } = await open({
      onEnd: (_, { request }) => {
        ended = request
      },
    })
    await post()
    await vi.waitFor(() => expect(ended).toBeDefined())
    expect(ended?.method).toBe('POST')
    expect(ended?.body).toBe(null)
  })
})
