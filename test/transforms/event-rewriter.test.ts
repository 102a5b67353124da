import fc from 'fast-check'
import { type DecodedSseEvent, FrameSplitter, relay, type SseEvent } from 'sse-stream-kit/streams'
import { streamOf } from 'sse-stream-kit/testing'
import { describe, expect, it } from 'vitest'
import { EventRewriterStage, type EventTransform } from '../../src/transforms/event-rewriter.ts'
import { cuttingPlaces } from '../support/sse/boundary-oracle.ts'
import { bytes } from '../support/sse/bytes.ts'
import { referenceDecode } from '../support/sse/reference-decoder.ts'
import { someChunks, someSse } from '../support/sse/some-sse.ts'
import { allOf } from '../support/streams/all-of.ts'

async function rewrite(chunks: Iterable<string | Uint8Array>, transform: EventTransform) {
  const stages = [FrameSplitter.stage(), new EventRewriterStage(transform)] as const
  return bytes(...(await allOf(relay(streamOf(chunks), stages))))
}

const textOf = async (chunks: Iterable<string>, transform: EventTransform) =>
  new TextDecoder().decode(await rewrite(chunks, transform))

describe('EventRewriterStage', () => {
  it('changes no byte where the function returns its argument, but drops an unfinished end', async () => {
    await fc.assert(
      fc.asyncProperty(someChunks(someSse), async (chunks) => {
        const input = bytes(...chunks)
        const whole = input.subarray(0, Math.max(0, ...cuttingPlaces(input)))
        expect(await rewrite(chunks, (event) => event)).toEqual(whole)
      }),
      { numRuns: 1000 },
    )
  })

  it('calls the function for each event of the stream, once, in order', async () => {
    await fc.assert(
      fc.asyncProperty(someChunks(someSse), async (chunks) => {
        const seen: DecodedSseEvent[] = []
        await rewrite(chunks, (event) => {
          seen.push(event)
          return event
        })
        const events = referenceDecode(bytes(...chunks)).filter((said) => said.is === 'event')
        expect(seen).toEqual(events.map(({ is: _, ...event }) => event))
      }),
      { numRuns: 1000 },
    )
  })

  it('emits events that decode to what the function returned', async () => {
    await fc.assert(
      fc.asyncProperty(someChunks(someSse), async (chunks) => {
        const output = await rewrite(chunks, (event) => ({ data: `<${event.data}>` }))
        const datas = (input: Uint8Array) =>
          referenceDecode(input).flatMap((said) => (said.is === 'event' ? [said.data] : []))
        expect(datas(output)).toEqual(datas(bytes(...chunks)).map((data) => `<${data}>`))
      }),
      { numRuns: 1000 },
    )
  })

  it('writes only the frames anew whose event changed', async () => {
    const stream = ':c\r\nfoo: bar\r\ndata:1\r\n\r\ndata:2\r\rid\nretry:5\n\n\n:x\n\ndata:3\n\n'
    const changed = await textOf([stream], (event) =>
      event.data === '2' ? { ...event, data: 'two' } : event,
    )
    expect(changed).toBe(
      ':c\r\nfoo: bar\r\ndata:1\r\n\r\ndata: two\n\nid\nretry:5\n\n\n:x\n\ndata:3\n\n',
    )
  })

  it('puts another frame in the place of the whole one, its last LF included', async () => {
    const changed = await textOf(['data: 1\r\n\r\ndata: 2\r\n\r\n'], ({ data }) => ({
      data: `<${data}>`,
    }))
    expect(changed).toBe('data: <1>\n\ndata: <2>\n\n')
  })

  it('sees an event that was changed in place', async () => {
    const changed = await textOf(['data: 1\n\ndata: 2\n\n'], (event) => {
      if (event.data === '2') event.event = 'named'
      return event
    })
    expect(changed).toBe('data: 1\n\nevent: named\ndata: 2\n\n')
  })

  it('drops events, and replaces one by several', async () => {
    const results: Record<string, SseEvent[] | null> = {
      a: null,
      b: [{ data: 'b1' }, { data: 'b2' }],
      c: [],
    }
    const changed = await textOf(['data: a\n\ndata: b\n\ndata: c\n\ndata: d\n\n'], (event) =>
      event.data in results ? (results[event.data] ?? null) : event,
    )
    expect(changed).toBe('data: b1\n\ndata: b2\n\ndata: d\n\n')
  })

  it('passes a chunk of which nothing changed on as it is', async () => {
    const chunk = bytes('data: 1\n\ndata: 2\n\n')
    const [only] = await allOf(relay(streamOf([chunk]), [new EventRewriterStage((event) => event)]))
    expect(only).toBe(chunk)
  })

  it('ends with SSE_TRANSFORM and the cause for a function that throws, behind the events before', async () => {
    const cause = new Error('not 2')
    const seen: Uint8Array[] = []
    const body = relay(streamOf(['data: 1\n\n', 'data: 2\n\n']), [
      FrameSplitter.stage(),
      new EventRewriterStage((event) => {
        if (event.data === '2') throw cause
        return event
      }),
    ])
    const reading = (async () => {
      for await (const piece of body) seen.push(piece)
    })()
    await expect(reading).rejects.toMatchObject({ code: 'SSE_TRANSFORM', cause })
    expect(seen).toEqual([bytes('data: 1\n\n')])
  })

  it('loses no event of the same chunk before the one that the function throws at', async () => {
    const seen: Uint8Array[] = []
    const body = relay(streamOf(['data: 1\n\ndata: 2\n\n']), [
      FrameSplitter.stage(),
      new EventRewriterStage((event) => {
        if (event.data === '2') throw new Error('not 2')
        return event
      }),
    ])
    const reading = (async () => {
      for await (const piece of body) seen.push(piece)
    })()
    await expect(reading).rejects.toMatchObject({ code: 'SSE_TRANSFORM' })
    expect(bytes(...seen)).toEqual(bytes('data: 1\n\n'))
  })
})
