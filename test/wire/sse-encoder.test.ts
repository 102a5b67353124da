import { type EncodableSse, SseDecoder, SseEncoder } from 'sse-stream-kit/streams'
import { describe, expect, it } from 'vitest'
import { bytes } from '../support/sse/bytes.ts'
import { allOf } from '../support/streams/all-of.ts'

function streamOfItems<T>(...items: T[]): ReadableStream<T> {
  return new ReadableStream({
    pull(controller) {
      const item = items.shift()
      if (item === undefined) controller.close()
      else controller.enqueue(item)
    },
  })
}

describe('SseEncoder', () => {
  it('writes one chunk of complete blocks per item', async () => {
    const items: EncodableSse[] = [{ comment: 'hi' }, { event: 'é', data: '1\n2' }, { retry: 3 }]
    const chunks = await allOf(streamOfItems(...items).pipeThrough(new SseEncoder()))
    expect(chunks).toEqual([
      bytes(': hi\n\n'),
      bytes('event: é\ndata: 1\ndata: 2\n\n'),
      bytes('retry: 3\n\n'),
    ])
  })

  it('accepts decoded events and drops the sticky id', async () => {
    const stream = 'id: 1\ndata: a\n\nevent: e\ndata: b\ndata: c\n\n'
    const body = streamOfItems(bytes(stream))
      .pipeThrough(new SseDecoder())
      .pipeThrough(new SseEncoder())
    expect(await new Response(body).text()).toBe(stream)
  })

  it('delivers everything before an item that it rejects, and no byte of that item', async () => {
    const seen: string[] = []
    const body = streamOfItems<EncodableSse>(
      { data: 'good' },
      { event: 'evil\ndata: x', data: 'bad' },
      { data: 'never' },
    ).pipeThrough(new SseEncoder())
    const reading = (async () => {
      for await (const chunk of body) seen.push(new TextDecoder().decode(chunk))
    })()
    await expect(reading).rejects.toThrow(TypeError)
    expect(seen).toEqual(['data: good\n\n'])
  })

  it('cancels its source with the error of the item that it rejects', async () => {
    let reason: unknown
    const source = new ReadableStream<EncodableSse>({
      pull: (controller) => controller.enqueue({ data: 'x', retry: -1 }),
      cancel: (given) => {
        reason = given
      },
    })
    const error = await allOf(source.pipeThrough(new SseEncoder())).catch(
      (thrown: unknown) => thrown,
    )
    expect(error).toBeInstanceOf(RangeError)
    expect(reason).toBe(error)
  })
})
