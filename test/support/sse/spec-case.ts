import { FrameSplitter, SseDecoder } from 'sse-stream-kit/streams'
import { chunkings, streamOf } from 'sse-stream-kit/testing'
import { describe, expect, it } from 'vitest'
import { allOf } from '../streams/all-of.ts'
import { cuttingPlaces, isCommentLines } from './boundary-oracle.ts'
import { bytes } from './bytes.ts'
import { referenceDecode, type SaidBySse } from './reference-decoder.ts'

/** A stream, and everything that decoding it gives. */
export interface SpecCase {
  /** The stream, as text, or as bytes if it is not UTF-8. */
  stream: string | Uint8Array
  /** All of its events; `lastEventId` is empty if it is not given. */
  events: { event?: string; data: string; id?: string; retry?: number; lastEventId?: string }[]
  /** What `onId` is called with. */
  ids?: string[]
  /** What `onRetry` is called with. */
  retries?: number[]
  /** What `onComment` is called with. */
  comments?: string[]
}

/** Runs the cases of a sentence of the standard under every chunking. */
export function sentence(quote: string, cases: Record<string, SpecCase>): void {
  describe(`"${quote}"`, () => {
    for (const [name, specCase] of Object.entries(cases)) {
      it(name, () => checkDecoder(specCase))
      it(`${name}: cut into frames without a byte changed`, () => checkSplitter(specCase.stream))
    }
  })
}

async function checkDecoder({ stream, events, ids = [], retries = [], comments = [] }: SpecCase) {
  const input = bytes(stream)
  const wanted = events.map((event) => ({ lastEventId: '', ...event }))
  const order = referenceDecode(input)
  for (const { name, chunks } of chunkings(input)) {
    const seenIds: string[] = []
    const seenRetries: number[] = []
    const seenComments: string[] = []
    const decoder = new SseDecoder({
      onId: (id) => seenIds.push(id),
      onRetry: (retryMs) => seenRetries.push(retryMs),
      onComment: (comment) => seenComments.push(comment),
    })
    const seen = await allOf(streamOf(chunks).pipeThrough(decoder))
    expect(seen, name).toEqual(wanted)
    expect(seenIds, name).toEqual(ids)
    expect(seenRetries, name).toEqual(retries)
    expect(seenComments, name).toEqual(comments)
    expect(saidBy(chunks), `order, ${name}`).toEqual(order)
  }
}

/** Returns events and callbacks of the decoder, in their order. */
export function saidBy(chunks: readonly Uint8Array[]): SaidBySse[] {
  const said: SaidBySse[] = []
  const stage = SseDecoder.stage({
    onId: (id) => said.push({ is: 'id', id }),
    onRetry: (retry) => said.push({ is: 'retry', retry }),
    onComment: (comment) => said.push({ is: 'comment', comment }),
  })
  stage.start({
    emit: (event) => said.push({ is: 'event', ...event }),
    error: () => {},
    desiredSize: 1,
    queued: 0,
  })
  for (const chunk of chunks) stage.push(chunk)
  return said
}

async function checkSplitter(stream: string | Uint8Array) {
  const input = bytes(stream)
  const places = new Set(cuttingPlaces(input))
  for (const { name, chunks } of chunkings(input)) {
    let tail = 0
    const splitter = new FrameSplitter({
      onTail: (byteLength) => {
        tail = byteLength
      },
    })
    const pieces = await allOf(streamOf(chunks).pipeThrough(splitter))
    expect(bytes(...pieces), name).toEqual(input)
    const open = input.subarray(Math.max(0, ...places))
    expect(tail, name).toBe(isCommentLines(open) ? 0 : open.length)
    let end = 0
    for (const piece of open.length > 0 ? pieces.slice(0, -1) : pieces) {
      end += piece.length
      expect(places, name).toContain(end)
    }
  }
}
