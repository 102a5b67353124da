import { createEventBuffer } from 'better-sse'
import { encodeEvent, SseEncoder, type SseEvent } from 'sse-stream-kit/streams'
import type { Work } from './race.ts'
import { countBlankLines } from './reading-work.ts'

export const BETTER_SSE = 'better-sse: EventBuffer'
export const OURS_ENCODER = 'SseEncoder'

/** Ways to turn an event with a name and an id into bytes. */
export function encoders(events: number): Work[] {
  const utf8 = new TextEncoder()
  const all: Required<Pick<SseEvent, 'event' | 'id' | 'data'>>[] = Array.from(
    { length: events },
    (_, number) => ({
      event: 'delta',
      id: String(number),
      data: `{"type":"text_delta","text":"word ${number}"}`,
    }),
  )
  return [
    work(BETTER_SSE, () => {
      // Its default would encode the data as JSON, which is a string here.
      const buffer = createEventBuffer({ serializer: String })
      return all.map(({ event, id, data }) => {
        const bytes = utf8.encode(buffer.push(data, event, id).read())
        buffer.clear()
        return bytes
      })
    }),
    work(OURS_ENCODER, () => {
      const chunks: Uint8Array[] = []
      const stage = SseEncoder.stage()
      stage.start({
        emit: (chunk) => {
          chunks.push(chunk)
        },
        error: () => {},
        desiredSize: 1,
        queued: 0,
      })
      for (const event of all) stage.push(event)
      return chunks
    }),
    work('encodeEvent, TextEncoder', () => all.map((event) => utf8.encode(encodeEvent(event)))),
  ]
}

function work(name: string, encode: () => Uint8Array[]): Work {
  return {
    name,
    async run() {
      const chunks = encode()
      return () => countBlankLines(chunks)
    },
  }
}
