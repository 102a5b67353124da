import type { ChatStream } from './chat-events.ts'
import type { Contender } from './contenders.ts'
import type { Work } from './race.ts'

/** Reads a stream through a contender to its end. */
export function readingWork({ name, decodes, open }: Contender, { chunks }: ChatStream): Work {
  return {
    name,
    async run() {
      const { items, bytes } = await readAll(open(chunks))
      return () => (decodes ? items : countBlankLines(bytes))
    },
  }
}

/** Number of items, and those whose events are not counted yet. */
interface Received {
  items: number
  bytes: Uint8Array[]
}

async function readAll(readable: ReadableStream<unknown>): Promise<Received> {
  const received: Received = { items: 0, bytes: [] }
  const reader = readable.getReader()
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return received
    received.items++
    if (value instanceof Uint8Array) received.bytes.push(value)
  }
}

export function countBlankLines(chunks: readonly Uint8Array[]): number {
  const bytes = Buffer.concat(chunks)
  let count = 0
  for (let at = bytes.indexOf('\n\n'); at !== -1; at = bytes.indexOf('\n\n', at + 2)) count++
  return count
}
