import { EventSourceParserStream } from 'eventsource-parser/stream'
import {
  FrameSplitter,
  HeartbeatInjector,
  MetricsTap,
  relay,
  SseDecoder,
  WatermarkBuffer,
} from 'sse-stream-kit/streams'

/** A way to process a stream of bytes into the items that its reader receives. */
export interface Contender {
  name: string
  /** Whether items are events; else they are bytes. */
  decodes: boolean
  open(chunks: readonly Uint8Array[]): ReadableStream<unknown>
}

/** The baselines. */
export const BARE = 'bare ReadableStream'
export const FORWARDING = 'ReadableStream that forwards'
/** The baseline of a splitter where chunks cut events: it has to join their parts in new memory, too. */
export const REJOINING = 'ReadableStream that forwards, told where events end'
export const IDENTITY = 'one identity TransformStream'
export const PIPED = 'four transforms piped'
export const PARSER_CHAIN = 'TextDecoderStream + EventSourceParserStream'
/** The contenders with a target. */
export const SPLITTER = 'relay: FrameSplitter'
export const FUSED = 'relay: the same four fused'
export const DECODER = 'SseDecoder'

const HIGH_BYTES = 65_536

export const CONTENDERS: readonly Contender[] = [
  { name: BARE, decodes: false, open: sourceOf },
  {
    name: FORWARDING,
    decodes: false,
    open: (chunks) => forward(sourceOf(chunks)),
  },
  {
    name: REJOINING,
    decodes: false,
    open: (chunks) => rejoin(sourceOf(chunks), endsIn(chunks)),
  },
  {
    name: IDENTITY,
    decodes: false,
    open: (chunks) => sourceOf(chunks).pipeThrough(new TransformStream<Uint8Array, Uint8Array>()),
  },
  {
    name: SPLITTER,
    decodes: false,
    open: (chunks) => relay(sourceOf(chunks), [FrameSplitter.stage()]),
  },
  {
    name: PIPED,
    decodes: false,
    open: (chunks) =>
      sourceOf(chunks)
        .pipeThrough(new FrameSplitter())
        .pipeThrough(new MetricsTap())
        .pipeThrough(new HeartbeatInjector())
        .pipeThrough(new WatermarkBuffer({ highWaterMark: HIGH_BYTES })),
  },
  { name: FUSED, decodes: false, open: (chunks) => fused(sourceOf(chunks)) },
  {
    name: PARSER_CHAIN,
    decodes: true,
    open: (chunks) =>
      sourceOf(chunks)
        .pipeThrough(new TextDecoderStream() as unknown as ReadableWritablePair<string, Uint8Array>)
        .pipeThrough(new EventSourceParserStream()),
  },
  {
    name: DECODER,
    decodes: true,
    open: (chunks) => sourceOf(chunks).pipeThrough(new SseDecoder()),
  },
  {
    name: 'relay: SseDecoder',
    decodes: true,
    open: (chunks) => relay(sourceOf(chunks), [SseDecoder.stage()]),
  },
]

/** Splitter, metrics, heartbeat and watermark in one stream. */
export function fused(source: ReadableStream<Uint8Array>): ReadableStream<Uint8Array> {
  return relay(source, [FrameSplitter.stage(), MetricsTap.stage(), HeartbeatInjector.stage()], {
    watermark: { highBytes: HIGH_BYTES },
  })
}

/** A stream of chunks in memory. */
export function sourceOf(chunks: readonly Uint8Array[]): ReadableStream<Uint8Array> {
  let index = 0
  return new ReadableStream<Uint8Array>({
    pull(controller) {
      const chunk = chunks[index++]
      if (chunk === undefined) controller.close()
      else controller.enqueue(chunk)
    },
  })
}

/** The usual code to forward a body. */
function forward(source: ReadableStream<Uint8Array>): ReadableStream<Uint8Array> {
  const reader = source.getReader()
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      const result = await reader.read()
      if (result.done) controller.close()
      else controller.enqueue(result.value)
    },
    cancel: (reason) => reader.cancel(reason),
  })
}

/** Offsets in a chunk at which its first and its last event end. */
interface Ends {
  first: number
  last: number
}

/** Forwards with each event that spans chunks joined; it reads no byte, because it is told where events end. */
function rejoin(
  source: ReadableStream<Uint8Array>,
  ends: readonly Ends[],
): ReadableStream<Uint8Array> {
  const reader = source.getReader()
  const held = new Uint8Array(65_536)
  let heldBytes = 0
  let index = 0
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      for (;;) {
        const result = await reader.read()
        if (result.done) return controller.close()
        const chunk = result.value
        const { first, last } = ends[index++] as Ends
        if (last === chunk.length && heldBytes === 0) return controller.enqueue(chunk)
        const from = heldBytes > 0 ? first : 0
        if (from > 0) {
          const whole = new Uint8Array(heldBytes + from)
          whole.set(held.subarray(0, heldBytes))
          whole.set(chunk.subarray(0, from), heldBytes)
          heldBytes = 0
          controller.enqueue(whole)
        }
        if (from < last) controller.enqueue(chunk.subarray(from, last))
        if (last < chunk.length) {
          held.set(chunk.subarray(last), heldBytes)
          heldBytes += chunk.length - last
        }
        if (last > 0) return
      }
    },
    cancel: (reason) => reader.cancel(reason),
  })
}

const knownEnds = new WeakMap<readonly Uint8Array[], readonly Ends[]>()

function endsIn(chunks: readonly Uint8Array[]): readonly Ends[] {
  let ends = knownEnds.get(chunks)
  if (ends === undefined) {
    const bytes = Buffer.concat(chunks)
    let start = 0
    ends = chunks.map(({ length }) => {
      // A blank line may start at the end of the previous chunk.
      const before = bytes.indexOf('\n\n', Math.max(start - 1, 0)) + 2
      const end = start + length
      const last = bytes.lastIndexOf('\n\n', end - 2) + 2
      const found = { first: before - start, last: last - start }
      start = end
      return last > end - length && before > 1 ? found : { first: 0, last: 0 }
    })
    knownEnds.set(chunks, ends)
  }
  return ends
}
