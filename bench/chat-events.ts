/** The bytes of a chat completion, deterministic for a seed, and the number of events in them. */
export interface ChatStream {
  chunks: Uint8Array[]
  events: number
}

const WORDS = ['The', ' stream', ' of', ' tokens', ' größer', ' 世界', ',', ' and', ' then', '.\\n']

/** One frame per event, of about 180 bytes, as a chat completions API sends them. */
export function chatEvents(events: number, seed: number): ChatStream {
  const random = seededRandom(seed)
  const encoder = new TextEncoder()
  const id = Array.from({ length: 12 }, () => Math.floor(random() * 36).toString(36)).join('')
  const chunks = Array.from({ length: events }, () => {
    const content = WORDS[Math.floor(random() * WORDS.length)]
    return encoder.encode(
      `data: {"id":"chatcmpl-${id}","object":"chat.completion.chunk","created":1790000000,` +
        `"model":"gpt-4o-mini","choices":[{"index":0,"delta":{"content":"${content}"},"finish_reason":null}]}\n\n`,
    )
  })
  return { chunks, events }
}

/** The same for the Messages API, about 120 bytes an event. */
export function anthropicEvents(events: number, seed: number): ChatStream {
  const random = seededRandom(seed)
  const encoder = new TextEncoder()
  const chunks = Array.from({ length: events }, () => {
    const text = WORDS[Math.floor(random() * WORDS.length)]
    return encoder.encode(
      'event: content_block_delta\n' +
        `data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"${text}"}}\n\n`,
    )
  })
  return { chunks, events }
}

/** The same bytes in chunks of one size. */
export function cutInto(chunkBytes: number, { chunks, events }: ChatStream): ChatStream {
  const bytes = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.length, 0))
  let offset = 0
  for (const chunk of chunks) {
    bytes.set(chunk, offset)
    offset += chunk.length
  }
  const cut: Uint8Array[] = []
  // Copies: views of one buffer would be closer in memory than chunks from a network.
  for (let at = 0; at < bytes.length; at += chunkBytes) cut.push(bytes.slice(at, at + chunkBytes))
  return { chunks: cut, events }
}

/** Random numbers from 0 to 1, deterministic for a seed (mulberry32). */
function seededRandom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}
