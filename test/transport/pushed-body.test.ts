import { describe, expect, it } from 'vitest'
import { PushedBody } from '../../src/transport/pushed-body.ts'

const KIB_8 = 8_192

/** A body, and what it tells the request that it belongs to. */
function answer() {
  const aborts: unknown[] = []
  let resumes = 0
  const body = new PushedBody({
    abort: (reason) => void aborts.push(reason),
    resume: () => void resumes++,
  })
  return { body, aborts, resumes: () => resumes }
}

const bytes = (length: number, value = 1): Uint8Array => new Uint8Array(length).fill(value)

describe('PushedBody', () => {
  it('gives what came before anybody asked, in order, and what comes after', async () => {
    const { body } = answer()
    body.push(bytes(1, 1))
    body.push(bytes(1, 2))
    expect(await body.read()).toEqual({ done: false, value: bytes(1, 1) })
    expect(await body.read()).toEqual({ done: false, value: bytes(1, 2) })
    const waiting = body.read()
    expect(body.push(bytes(1, 3))).toBe(true)
    expect(await waiting).toEqual({ done: false, value: bytes(1, 3) })
    const atEnd = body.read()
    body.end()
    expect(await atEnd).toEqual({ done: true, value: undefined })
    expect(await body.read()).toEqual({ done: true, value: undefined })
    await body.closed
  })

  it.each(['waiting', 'queued'])('reads a copy where a chunk was %s', async (how) => {
    const { body } = answer()
    const chunk = bytes(4)
    const before = how === 'waiting' ? body.read() : undefined
    body.push(chunk)
    const { value } = await (before ?? body.read())
    chunk.fill(9)
    expect(value).toEqual(bytes(4))
  })

  it('holds the upstream back from 16 KiB on, until all of it has been read', async () => {
    const { body, resumes } = answer()
    expect(body.push(bytes(KIB_8))).toBe(true)
    expect(body.push(bytes(KIB_8))).toBe(false)
    await body.read()
    expect(resumes()).toBe(0)
    await body.read()
    expect(resumes()).toBe(1)
    expect(body.push(bytes(1))).toBe(true)
  })

  it('holds the upstream back until what waits has been passed to the sink', () => {
    const { body, resumes } = answer()
    body.push(bytes(KIB_8))
    body.push(bytes(KIB_8))
    const lengths: number[] = []
    body.flow(({ length }) => {
      lengths.push(length)
      if (lengths.length === 1) body.flow(undefined)
    })
    expect([lengths, resumes()]).toEqual([[KIB_8], 0])
    body.flow(({ length }) => void lengths.push(length))
    expect([lengths, resumes()]).toEqual([[KIB_8, KIB_8], 1])
  })

  it('passes each chunk as it came in flowing mode, and queues them after it', async () => {
    const { body } = answer()
    const taken: Uint8Array[] = []
    const [first, second, third] = [bytes(1, 1), bytes(1, 2), bytes(1, 3)]
    body.push(first)
    expect(body.flow((chunk) => void taken.push(chunk))).toBe(true)
    body.push(second)
    expect(taken[0]).toBe(first)
    expect(taken[1]).toBe(second)
    body.flow(undefined)
    body.push(third)
    expect(taken.length).toBe(2)
    expect((await body.read()).value).toEqual(third)
  })

  it('has no flowing mode at its end', async () => {
    const { body } = answer()
    body.end()
    await body.closed
    expect(body.flow(() => {})).toBe(false)
  })

  it('is closed only when what came before its end was taken', async () => {
    const { body } = answer()
    let isClosed = false
    body.closed.then(() => {
      isClosed = true
    })
    body.push(bytes(1))
    body.end()
    await new Promise((resolve) => setImmediate(resolve))
    expect(isClosed).toBe(false)
    expect(body.flow(() => {})).toBe(true)
    await body.closed
  })

  it('gives what came before an error, and then the error', async () => {
    const { body } = answer()
    const error = new Error('cut')
    body.push(bytes(1))
    body.fail(error)
    await new Promise((resolve) => setImmediate(resolve))
    expect((await body.read()).value).toEqual(bytes(1))
    await expect(body.read()).rejects.toBe(error)
    await expect(body.closed).rejects.toBe(error)
  })

  it('tells a read that waits of the error', async () => {
    const { body } = answer()
    const read = body.read()
    body.fail(new Error('cut'))
    await expect(read).rejects.toThrow('cut')
  })

  it('drops what it holds on cancel, gives the reason on, and lets the upstream run out', async () => {
    const { body, aborts } = answer()
    body.push(bytes(KIB_8))
    body.push(bytes(KIB_8))
    await body.cancel('enough')
    expect(aborts).toEqual(['enough'])
    expect(body.push(bytes(KIB_8))).toBe(true)
    expect(await body.read()).toEqual({ done: true, value: undefined })
    expect(body.flow(() => {})).toBe(false)
  })

  it('ends a read that waits on cancel', async () => {
    const { body } = answer()
    const read = body.read()
    await body.cancel()
    expect(await read).toEqual({ done: true, value: undefined })
  })

  it('passes nothing more after a cancel', async () => {
    const { body } = answer()
    const taken: Uint8Array[] = []
    body.flow((chunk) => void taken.push(chunk))
    await body.cancel()
    body.push(bytes(1))
    expect(taken).toEqual([])
  })

  it('keeps no large piece of memory for a small chunk in it that waits', () => {
    const { body } = answer()
    const taken: Uint8Array[] = []
    const read = bytes(65_536)
    body.push(read.subarray(100, 280))
    body.push(read.subarray(0, 30_000))
    body.flow((chunk) => void taken.push(chunk))
    expect(taken.map(({ buffer }) => buffer.byteLength)).toEqual([180, 65_536])
    expect(taken[0]).toEqual(bytes(180))
  })
})
