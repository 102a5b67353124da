import { getEventListeners } from 'node:events'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { sseProxy } from 'sse-stream-kit'
import { describe, expect, it } from 'vitest'

const SSE = { 'content-type': 'text/event-stream' }

describe('streams that have ended', () => {
  it('L12 thousands of streams, opened and cancelled: the heap does not grow', async () => {
    setFlagsFromString('--expose-gc')
    const gc = runInNewContext('gc') as () => void
    const proxy = sseProxy('http://up.test', {
      fetch: async () => new Response(new ReadableStream(), { headers: SSE }),
    })
    const run = async (streams: number): Promise<number> => {
      for (let index = 0; index < streams; index++) {
        const controller = new AbortController()
        const { signal } = controller
        const response = await proxy(new Request('http://client.test/', { signal }))
        if (index % 2 === 0) controller.abort()
        else await response.body?.cancel()
      }
      // What waits for the next turn lets go before the heap is looked at.
      await new Promise((resolve) => setImmediate(resolve))
      gc()
      return process.memoryUsage().heapUsed
    }
    const before = await run(1_000)
    const grownBytes = (await run(1_500)) - before
    // A kept exchange would be some KiB; what V8 has not tidied up yet is some hundred bytes at most.
    expect(grownBytes / 1_500).toBeLessThan(1_500)
    expect(proxy.metrics).toMatchObject({ active: 0, started: 2_500 })
    await proxy.close()
  })

  it('L13 one signal for thousands of streams: leaves no listener and no warning', async () => {
    const { signal } = new AbortController()
    const warnings: Error[] = []
    const onWarning = (warning: Error): void => void warnings.push(warning)
    process.on('warning', onWarning)
    const proxy = sseProxy('http://up.test', {
      fetch: async () => new Response('data: 1\n\n', { headers: SSE }),
    })
    for (let index = 0; index < 1_000; index++) {
      const request = Object.defineProperty(new Request('http://client.test/'), 'signal', {
        value: signal,
      })
      await (await proxy(request)).text()
    }
    await new Promise((resolve) => setImmediate(resolve))
    process.off('warning', onWarning)
    expect(getEventListeners(signal, 'abort')).toHaveLength(0)
    expect(warnings).toEqual([])
    await proxy.close()
  })
})
