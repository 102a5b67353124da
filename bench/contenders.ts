import { EventSourceParserStream } from 'eventsource-parser/stream'
import {
  FrameSplitter,
  HeartbeatInjector,
  MetricsTap,
  relay,
  SseDecoder,
  WatermarkBuffer,
} from 'sse-stream-kit/streams'

/** A way to carry a stream of bytes, up to the items that its reader gets. */
export interface Contender {
  name: string
  /** Whether items are events; else they are bytes. */
  decodes: boolean
  open(chunks: readonly Uint8Array[]): ReadableStream<unknown>
}

/** The contenders that others are compared with. */
export const BARE = 'bare ReadableStream'
export const FORWARDING = 'ReadableStream that forwards'
/** What a splitter is up against where events span chunks: no stream can do that without copying them. */
const COPYING = 'ReadableStream that forwards copies'
export const IDENTITY = 'one identity TransformStream'
export const PIPED = 'four transforms piped'
export const PARSER_CHAIN = 'TextDecoderStream + EventSourceParserStream'
/** The contenders that have a target. */
export const SPLITTER = 'relay: FrameSplitter'
export const FUSED = 'relay: the same four fused'
export const DECODER = 'SseDecoder'

const HIGH_BYTES = 65_536

export const CONTENDERS: readonly Contender[] = [
  { name: BARE, decodes: false, open: sourceOf },
  {
    name: FORWARDING,
    decodes: false,
    open: (chunks) => forward(sourceOf(chunks), (chunk) => chunk),
  },
  {
    name: COPYING,
    decodes: false,
    open: (chunks) => forward(sourceOf(chunks), (chunk) => chunk.slice()),
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

function sourceOf(chunks: readonly Uint8Array[]): ReadableStream<Uint8Array> {
  let index = 0
  return new ReadableStream<Uint8Array>({
    pull(controller) {
      const chunk = chunks[index++]
      if (chunk === undefined) controller.close()
      else controller.enqueue(chunk)
    },
  })
}

/** What everybody writes who wants nothing but to pass a body on. */
function forward(
  source: ReadableStream<Uint8Array>,
  pass: (chunk: Uint8Array) => Uint8Array,
): ReadableStream<Uint8Array> {
  const reader = source.getReader()
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      const result = await reader.read()
      if (result.done) controller.close()
      else controller.enqueue(pass(result.value))
    },
    cancel: (reason) => reader.cancel(reason),
  })
}
