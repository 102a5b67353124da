import { Stream as AnthropicStream } from '@anthropic-ai/sdk/core/streaming'
import { EventSourceParserStream } from 'eventsource-parser/stream'
import { Stream as OpenaiStream } from 'openai/core/streaming'
import { relay, SseDecoder } from 'sse-stream-kit/streams'
import type { ChatStream } from './chat-events.ts'
import { sourceOf } from './contenders.ts'
import type { Work } from './race.ts'

export const OPENAI = 'openai: Stream.fromSSEResponse'
export const ANTHROPIC = '@anthropic-ai/sdk: Stream.fromSSEResponse'
export const OURS_JSON = 'SseDecoder, JSON.parse'

type Bytes = ReadableStream<Uint8Array>

/** What an SDK does with a stream: decodes it and parses the JSON of each event. */
export function jsonDecoders(sdk: typeof OPENAI | typeof ANTHROPIC, stream: ChatStream): Work[] {
  const Stream = sdk === OPENAI ? OpenaiStream : AnthropicStream
  return [
    work(sdk, stream, (bytes) =>
      Stream.fromSSEResponse<unknown>(new Response(bytes), new AbortController()),
    ),
    work('TextDecoderStream + EventSourceParserStream, JSON.parse', stream, (bytes) =>
      bytes
        .pipeThrough(new TextDecoderStream() as unknown as ReadableWritablePair<string, Uint8Array>)
        .pipeThrough(new EventSourceParserStream()),
    ),
    work(OURS_JSON, stream, (bytes) => bytes.pipeThrough(new SseDecoder())),
    work('relay: SseDecoder, JSON.parse', stream, (bytes) => relay(bytes, [SseDecoder.stage()])),
  ]
}

/** Counts the parsed values; those of an SDK are parsed already. */
function work(
  name: string,
  { chunks }: ChatStream,
  open: (bytes: Bytes) => AsyncIterable<unknown>,
): Work {
  return {
    name,
    async run() {
      let parsed = 0
      for await (const item of open(sourceOf(chunks))) if (isParsed(item)) parsed++
      return () => parsed
    },
  }
}

function isParsed(item: unknown): boolean {
  const { data } = item as { data?: unknown }
  return typeof (typeof data === 'string' ? JSON.parse(data) : item) === 'object'
}
