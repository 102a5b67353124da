import fc from 'fast-check'
import {
  type DecodedSseEvent,
  EventMap,
  FrameSplitter,
  HeartbeatInjector,
  MetricsTap,
  relay,
  SseDecoder,
  SseEncoder,
  type Stage,
  StageStream,
  type TapSummary,
} from 'sse-stream-kit/streams'
import { streamOf } from 'sse-stream-kit/testing'
import { describe, expect, it } from 'vitest'
import { bytes } from '../support/sse/bytes.ts'
import { someChunks, someSse } from '../support/sse/some-sse.ts'
import { allOf } from '../support/streams/all-of.ts'
import { watchRejections } from '../support/watch-rejections.ts'

watchRejections()

type ByteStage = Stage<Uint8Array, Uint8Array>

/** What came out, chunk by chunk, the error if there was one, and what the tap says of both. */
async function run(
  chunks: Uint8Array[],
  start: (source: ReadableStream<Uint8Array>, tap: ByteStage) => ReadableStream<Uint8Array>,
) {
  let summary: TapSummary | undefined
  const tap = MetricsTap.stage<Uint8Array>({
    onEnd: (given) => {
      summary = given
    },
  })
  const pieces: Uint8Array[] = []
  let error: unknown
  try {
    for await (const piece of start(streamOf(chunks), tap)) pieces.push(piece)
  } catch (thrown) {
    error = thrown
  }
  const { verdict, items, bytes: byteLength, events } = summary as TapSummary
  return { pieces, error, verdict, items, byteLength, events }
}

const piped = (source: ReadableStream<Uint8Array>, stages: ByteStage[]) =>
  stages.reduce((readable, stage) => readable.pipeThrough(new StageStream(stage)), source)

describe('the same stages, fused and piped through each other', () => {
  it('produce the same bytes in the same chunks, the same error and the same figures', async () => {
    const limits = fc.constantFrom(6, 12, undefined)
    await fc.assert(
      fc.asyncProperty(
        someChunks(someSse),
        limits,
        fc.boolean(),
        async (chunks, limit, isTight) => {
          const stages = (tap: ByteStage): ByteStage[] => [
            FrameSplitter.stage({ maxEventBytes: limit }),
            tap,
            HeartbeatInjector.stage(),
          ]
          const fused = await run(chunks, (source, tap) =>
            relay(source, stages(tap), isTight ? { watermark: { highBytes: 1 } } : {}),
          )
          expect(fused).toEqual(await run(chunks, (source, tap) => piped(source, stages(tap))))
          if (fused.error === undefined) expect(bytes(...fused.pieces)).toEqual(bytes(...chunks))
          else expect(fused.error).toMatchObject({ code: 'SSE_LIMIT', limit })
        },
      ),
      { numRuns: 300 },
    )
  })

  it('produce the same bytes where they decode, map and encode', async () => {
    await fc.assert(
      fc.asyncProperty(someChunks(someSse), async (chunks) => {
        const mapper = (event: DecodedSseEvent) => {
          // It can be read, and is refused when it is to be written.
          if (event.event?.includes('\0')) return null
          return event.data.includes('a') ? [event, { data: 'again' }] : event
        }
        const fused = await allOf(
          relay(streamOf(chunks), [SseDecoder.stage(), EventMap.stage(mapper), SseEncoder.stage()]),
        )
        const chain = await allOf(
          streamOf(chunks)
            .pipeThrough(new SseDecoder())
            .pipeThrough(new EventMap(mapper))
            .pipeThrough(new SseEncoder()),
        )
        expect(fused).toEqual(chain)
      }),
      { numRuns: 200 },
    )
  })
})
