import { openaiChat } from 'sse-stream-kit/llm'
import { type DecodedSseEvent, SseDecoder, WatermarkBuffer } from 'sse-stream-kit/streams'
import { chatEvents } from './chat-events.ts'
import { fused, sourceOf } from './contenders.ts'
import { median } from './race.ts'
import { countBlankLines } from './reading-work.ts'

/** Work of which another project publishes the speed, done by this one. */
export interface PublishedFigure {
  work: string
  /** What token-streaming-proxy publishes for it: events a second, in Python, on a machine it does not name. */
  published: number
  /** Events a second of CPU time. */
  measured: number
  /** Megabytes a second of CPU time, where both state them. */
  megabytes?: { published: number; measured: number }
}

const EVENTS = 10_000
const STREAMS = 50
const EVENTS_A_STREAM = 100
const RUNS = 25

/** Measures the work of token-streaming-proxy's `benchmarks/bench_core.py`, with the events of this bench. */
export async function publishedFigures(): Promise<PublishedFigure[]> {
  const { chunks } = chatEvents(EVENTS, 4)
  const bytes = chunks.reduce((sum, { length }) => sum + length, 0)
  const events = decode(chunks)
  const parsed = await speed(EVENTS, async (timed) => timed(async () => decode(chunks).length))
  const extracted = await speed(EVENTS, (timed) => timed(async () => extractText(events)))
  const pushed = await speed(EVENTS, async (timed) => {
    const queue = new Queue()
    await timed(() => queue.push(chunks))
    return queue.pull(EVENTS)
  })
  const pulled = await speed(EVENTS, async (timed) => {
    const queue = new Queue()
    await queue.push(chunks)
    return timed(() => queue.pull(EVENTS))
  })
  const streamed = await speed(STREAMS * EVENTS_A_STREAM, (timed) => timed(runStreams))
  const published = { published: 91, measured: (parsed * bytes) / EVENTS / 1e6 }
  return [
    { work: 'parse', published: 525_086, measured: parsed, megabytes: published },
    { work: 'text of a parsed event', published: 317_493, measured: extracted },
    { work: 'push into a bounded buffer', published: 1_530_000, measured: pushed },
    { work: 'pull out of it', published: 1_400_000, measured: pulled },
    {
      work: `${STREAMS} streams of ${EVENTS_A_STREAM} events at the same time`,
      published: 99_040,
      measured: streamed,
    },
  ]
}

type Timed = (work: () => Promise<number>) => Promise<number>

/**
 * Events a second of CPU time, the median of many runs.
 *
 * @throws Error if a run handled another number of events
 */
async function speed(events: number, run: (timed: Timed) => Promise<number>): Promise<number> {
  const speeds: number[] = []
  for (let at = 0; at < RUNS; at++) {
    let micros = 0
    const handled = await run(async (work) => {
      const before = process.cpuUsage()
      const result = await work()
      const { user, system } = process.cpuUsage(before)
      micros = user + system
      return result
    })
    if (handled !== events) throw new Error(`A run handled ${handled} of ${events} events`)
    speeds.push((events / micros) * 1e6)
  }
  return median(speeds)
}

function decode(chunks: readonly Uint8Array[]): DecodedSseEvent[] {
  const events: DecodedSseEvent[] = []
  const stage = SseDecoder.stage()
  stage.start({
    emit: (event) => {
      events.push(event)
    },
    error: () => {},
    desiredSize: 1,
    queued: 0,
  })
  for (const chunk of chunks) stage.push(chunk)
  return events
}

async function extractText(events: readonly DecodedSseEvent[]): Promise<number> {
  let texts = 0
  for (const { event = '', data } of events) {
    for (const { type } of openaiChat.parts(event, JSON.parse(data), data))
      if (type === 'text') texts++
  }
  return texts
}

/** A bounded buffer that all events fit into. */
class Queue {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>

  constructor() {
    const { readable, writable } = new WatermarkBuffer({ highWaterMark: 10_485_760 })
    this.#reader = readable.getReader()
    this.#writer = writable.getWriter()
  }

  async push(chunks: readonly Uint8Array[]): Promise<number> {
    for (const chunk of chunks) await this.#writer.write(chunk)
    return chunks.length
  }

  async pull(events: number): Promise<number> {
    const chunks: Uint8Array[] = []
    while (chunks.length < events) {
      const { value } = await this.#reader.read()
      if (value === undefined) break
      chunks.push(value)
    }
    return chunks.length
  }
}

/** Each stream is split, counted and buffered by the fused line. */
async function runStreams(): Promise<number> {
  const streams = Array.from({ length: STREAMS }, async (_, seed) => {
    const reader = fused(sourceOf(chatEvents(EVENTS_A_STREAM, seed).chunks)).getReader()
    const received: Uint8Array[] = []
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return countBlankLines(received)
      received.push(value)
    }
  })
  return (await Promise.all(streams)).reduce((sum, events) => sum + events, 0)
}
