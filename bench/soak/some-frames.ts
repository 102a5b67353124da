import type { EventTransform } from '../../src/transforms/event-rewriter.ts'
import type { Random } from './random.ts'

/** Frames as an upstream sends them, and as a proxy with {@link rewrite} as its transform sends them. */
export interface SomeFrames {
  sent: Buffer[]
  rewritten: Buffer[]
}

const WORDS = ['token', ' größer', ' 世界', ' 🙂', '{"a":[1,2]}', ' :', ''] as const

/** The transform of the soak: changes, drops and adds events. */
export const rewrite: EventTransform = (event) => {
  if (event.data.startsWith('drop')) return null
  if (event.data.startsWith('up')) return { data: event.data.toUpperCase() }
  if (event.data.startsWith('two')) return [{ data: 'first' }, { data: 'second' }]
  return event
}

/** Returns the given number of frames, of every shape; the first one is always an event. */
export function someFrames(random: Random, count: number): SomeFrames {
  const frames: SomeFrames = { sent: [], rewritten: [] }
  for (let index = 0; index < count; index++) {
    const { sent, rewritten } = frame(random, index)
    frames.sent.push(Buffer.from(sent))
    if (rewritten !== '') frames.rewritten.push(Buffer.from(rewritten))
  }
  return frames
}

function frame(random: Random, index: number): { sent: string; rewritten: string } {
  const text = `${index}${random.pick(WORDS)}${'x'.repeat(random.between(0, 150))}`
  const shape = index === 0 ? 0 : random.between(0, 9)
  switch (shape) {
    case 4:
      return same(`: note ${index}\n\n`)
    case 5:
      return same(`event: delta\r\nid: ${index}\r\ndata: keep ${text}\r\n\r\n`)
    case 6:
      return same(`data: keep\ndata:${text}\nodd: field\n\n`)
    case 7:
      return { sent: `data: drop ${text}\n\n`, rewritten: '' }
    case 8:
      return { sent: `data:up ${text}\n\n`, rewritten: `data: ${`up ${text}`.toUpperCase()}\n\n` }
    case 9:
      return { sent: `data: two ${text}\r\r`, rewritten: 'data: first\n\ndata: second\n\n' }
    default:
      return same(`data: keep ${text}\n\n`)
  }
}

function same(sent: string): { sent: string; rewritten: string } {
  return { sent, rewritten: sent }
}
