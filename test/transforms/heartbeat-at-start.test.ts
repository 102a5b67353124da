import { HeartbeatInjector } from 'sse-stream-kit/streams'
import { streamOf } from 'sse-stream-kit/testing'
import { describe, expect, it } from 'vitest'

const bytesOf = (...texts: string[]): ReadableStream<Uint8Array> =>
  streamOf(texts.map((text) => new TextEncoder().encode(text)))

describe('a heartbeat at the start', () => {
  const text = (body: ReadableStream<Uint8Array>): Promise<string> => new Response(body).text()

  it('comes through a pipe before a byte of the source, once', async () => {
    const piped = bytesOf('data: 1\n\n').pipeThrough(new HeartbeatInjector({ atStart: true }))
    expect(await text(piped)).toBe(': keepalive\n\ndata: 1\n\n')
  })

  it('waits for no source', async () => {
    const injector = new HeartbeatInjector({ atStart: true })
    const reader = injector.readable.getReader()
    expect(new TextDecoder().decode((await reader.read()).value)).toBe(': keepalive\n\n')
    await reader.cancel()
  })

  it('takes away the byte order mark, which would no longer be the first', async () => {
    for (const texts of [['\ufeffdata: 1\n\n'], ['', '\ufeff', 'data: 1\n\n']]) {
      const piped = bytesOf(...texts).pipeThrough(new HeartbeatInjector({ atStart: true }))
      expect((await new Response(piped).arrayBuffer()).byteLength).toBe(13 + 9)
    }
  })

  it('refuses what is neither true nor false', () => {
    const options = { atStart: 'yes' as unknown as boolean }
    expect(() => new HeartbeatInjector(options)).toThrow('atStart must be true or false: got "yes"')
  })
})
