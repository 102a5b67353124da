import { chatEvents } from './chat-events.ts'
import { fused } from './contenders.ts'

/** Memory in use after a garbage collection, by the number of events that have passed. */
export interface Checkpoint {
  events: number
  heapBytes: number
  rssBytes: number
}

/**
 * Passes events through the fused line, one per chunk, and measures the memory.
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
      // A copy, because every chunk from a network is new memory.
      else controller.enqueue((chunks[sent++ % chunks.length] as Uint8Array).slice())
    },
  })
  const checkpoints: Checkpoint[] = []
  let received = 0
  const reader = fused(source).getReader()
  for (;;) {
    const { done, value } = await reader.read()
    if (done) break
    // With one event per input chunk, an output chunk that ends at a boundary is one event.
    if (value[value.length - 1] === 10 && value[value.length - 2] === 10) received++
    if (received % everyEvents > 0) continue
    // Twice: Node 24 frees the buffers of the first collection in the second one.
    gc()
    gc()
    const { heapUsed, arrayBuffers, rss } = process.memoryUsage()
    checkpoints.push({ events: received, heapBytes: heapUsed + arrayBuffers, rssBytes: rss })
  }
  if (received !== events) throw new Error(`Delivered ${received} events, expected ${events}`)
  return checkpoints
}

/**
 * Heap growth per event in bytes: the slope of the line that fits the checkpoints best. The
 * first one is omitted, because code is still being compiled until then.
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
