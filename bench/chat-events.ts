/** The bytes a chat completion arrives in, the same for the same seed, and the number of events in them. */
export interface ChatStream {
  chunks: Uint8Array[]
  events: number
}

const WORDS = ['The', ' stream', ' of', ' tokens', ' größer', ' 世界', ',', ' and', ' then', '.\\n']

/** One frame for each event, about 180 bytes long, as an API for chat completions sends them. */
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

/** The same bytes in chunks of one size, wherever that cuts. */
export function cutInto(chunkBytes: number, { chunks, events }: ChatStream): ChatStream {
  const bytes = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.length, 0))
  let offset = 0
  for (const chunk of chunks) {
    bytes.set(chunk, offset)
    offset += chunk.length
  }
  const cut: Uint8Array[] = []
  // Copies: views of one buffer would be nearer to each other in memory than chunks of a network are.
  for (let at = 0; at < bytes.length; at += chunkBytes) cut.push(bytes.slice(at, at + chunkBytes))
  return { chunks: cut, events }
}

/** Numbers from 0 up to 1, the same for the same seed (mulberry32). */
function seededRandom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}
