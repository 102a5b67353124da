import { chatEvents } from './chat-events.ts'
import { fused } from './contenders.ts'

/** What is in use after a collection, once so many events have passed. */
export interface Checkpoint {
  events: number
  heapBytes: number
  rssBytes: number
}

/**
 * Carries events through the fused line, one in each chunk, and looks at the memory on the way.
 *
 * @throws Error if the line delivers another number of events than there are
 */
export async function memory(events: number, everyEvents: number): Promise<Checkpoint[]> {
  const { gc } = globalThis
  if (gc === undefined) throw new Error('Cannot measure memory without --expose-gc')
  const { chunks } = chatEvents(1000, 2)
  let sent = 0
  const source = new ReadableStream<Uint8Array>({
    pull(controller) {
      if (sent === events) controller.close()
      // A copy, as a network's chunks are all new ones.
      else controller.enqueue((chunks[sent++ % chunks.length] as Uint8Array).slice())
    },
  })
  const checkpoints: Checkpoint[] = []
  let received = 0
  const reader = fused(source).getReader()
  for (;;) {
    const { done, value } = await reader.read()
    if (done) break
    // In chunks of one event each a chunk that comes out is one event too, if it ends like one.
    if (value[value.length - 1] === 10 && value[value.length - 2] === 10) received++
    if (received % everyEvents > 0) continue
    // Twice: Node 24 frees the buffers of the first collection during the second one.
    gc()
    gc()
    const { heapUsed, arrayBuffers, rss } = process.memoryUsage()
    checkpoints.push({ events: received, heapBytes: heapUsed + arrayBuffers, rssBytes: rss })
  }
  if (received !== events) throw new Error(`Delivered ${received} events, expected ${events}`)
  return checkpoints
}

/**
 * By how many bytes an event makes the heap grow: the slope of the line that fits the checkpoints best. The
 * first one is left out, as code is still being compiled up to there.
 */
export function bytesPerEvent([, ...checkpoints]: readonly Checkpoint[]): number {
  const mean = (values: number[]): number => values.reduce((a, b) => a + b, 0) / values.length
  const x = mean(checkpoints.map(({ events }) => events))
  const y = mean(checkpoints.map(({ heapBytes }) => heapBytes))
  let above = 0
  let below = 0
  for (const { events, heapBytes } of checkpoints) {
    above += (events - x) * (heapBytes - y)
    below += (events - x) ** 2
  }
  return above / below
}
