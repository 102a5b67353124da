import { gzipSync } from 'node:zlib'
import { describe, expect, it, vi } from 'vitest'
import { DecodingSink } from '../../src/transport/decoding-sink.ts'
import { bodyText } from './open-transport.ts'

function open() {
  const request = { resume: vi.fn(), abort: vi.fn() }
  return { request, sink: new DecodingSink(['gzip'], request) }
}

describe('DecodingSink', () => {
  it('gives each chunk at once, decoded', async () => {
    const { sink } = open()
    sink.push(gzipSync('data: 1\n\n'))
    sink.end()
    expect(await bodyText(sink.body)).toBe('data: 1\n\n')
  })

  it('ends an empty body without a decoder', async () => {
    const { sink } = open()
    sink.push(new Uint8Array())
    sink.end()
    expect(await bodyText(sink.body)).toBe('')
  })

  it('aborts the request for bytes that cannot be decoded', async () => {
    const { sink, request } = open()
    sink.push(Buffer.from('not gzip'))
    await expect(bodyText(sink.body)).rejects.toMatchObject({ code: 'SSE_UPSTREAM_NETWORK' })
    expect(request.abort).toHaveBeenCalledTimes(1)
  })

  it('stops decoding when its body is cancelled, also where the response had ended', async () => {
    const { sink, request } = open()
    const long = gzipSync(Buffer.alloc(10_000_000))
    sink.push(long)
    sink.end()
    const reader = sink.body.getReader()
    await reader.read()
    const push = vi.spyOn(sink.body, 'push')
    await reader.cancel('enough')
    expect(request.abort).toHaveBeenCalledWith('enough')
    await new Promise((resolve) => setImmediate(resolve))
    push.mockClear()
    for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve))
    expect(push).not.toHaveBeenCalled()
  })
})
