import { checkNumber } from '../base/check-number.ts'
import { CR, LF } from '../wire/line-state.ts'
import { seededRandom } from './seeded-random.ts'

/** One way to cut the same bytes. */
export interface Chunking {
  /** How the bytes are cut, for the name of a test or the message of a failure. */
  name: string
  /** The pieces, which joined are the bytes. */
  chunks: Uint8Array[]
}

/** Number and seed of the random cuts of {@link chunkings}. */
export interface ChunkingsOptions {
  /** Seed of the random cuts, an integer >= 0: the same seed gives the same cuts. @default 1 */
  seed?: number | undefined
  /** Number of random chunkings; 0 for none. @default 20 */
  random?: number | undefined
}

/**
 * Cuts bytes in every way that breaks parsers: whole, at each single place, byte by byte, with empty chunks between,
 * inside every CRLF, inside every UTF-8 sequence, after every line end, and at random.
 *
 * The same bytes and options give the same chunkings in the same order. Cuts that the bytes have no place for are left
 * out. Every chunk is a copy: byte streams and workers detach the chunks they receive, and a detached view would take
 * the bytes of all later chunkings with it.
 *
 * - Holds one chunking at a time. All of them together copy the square of the number of bytes: meant for streams of
 *   some kilobytes.
 *
 * @throws RangeError for a `seed` or `random` that is not an integer >= 0
 *
 * @example Prove that a parser gives the same events however the network cuts the bytes
 * ```ts
 * import { relay, SseDecoder } from 'sse-stream-kit/streams'
 * import { chunkings, streamOf } from 'sse-stream-kit/testing'
 *
 * const bytes = new TextEncoder().encode('event: é\r\ndata: 1\r\n\r\n')
 * for (const { name, chunks } of chunkings(bytes)) {
 *   const events = []
 *   for await (const event of relay(streamOf(chunks), [SseDecoder.stage()])) events.push(event)
 *   if (events.length !== 1 || events[0]?.event !== 'é') throw new Error(`Broken by ${name}`)
 * }
 * ```
 */
export function chunkings(
  bytes: Uint8Array,
  { seed = 1, random = 20 }: ChunkingsOptions = {},
): Iterable<Chunking> {
  checkNumber('seed', seed, { min: 0 })
  checkNumber('random', random, { min: 0 })
  // Not the generator itself: a second loop over it would yield nothing.
  return { [Symbol.iterator]: () => allChunkings(bytes, seed, random) }
}

function* allChunkings(bytes: Uint8Array, seed: number, random: number): Generator<Chunking> {
  const { length } = bytes
  const everyByte = placesWhere(bytes, () => true)
  yield { name: 'whole', chunks: cutAt(bytes, []) }
  for (const place of everyByte) {
    yield { name: `cut at ${place} of ${length}`, chunks: cutAt(bytes, [place]) }
  }
  yield { name: '1-byte', chunks: cutAt(bytes, everyByte) }
  yield { name: 'whole between empty chunks', chunks: withEmpty(cutAt(bytes, [])) }
  yield { name: '1-byte between empty chunks', chunks: withEmpty(cutAt(bytes, everyByte)) }

  const insideCrlf = placesWhere(bytes, (before, after) => before === CR && after === LF)
  const insideUtf8 = placesWhere(bytes, (_, after) => (after & 0xc0) === 0x80)
  const afterLineEnd = placesWhere(
    bytes,
    (before, after) => before === LF || (before === CR && after !== LF),
  )
  for (const [name, places] of [
    ['inside every CRLF', insideCrlf],
    ['inside every UTF-8 sequence', insideUtf8],
    ['after every line end', afterLineEnd],
  ] as const) {
    if (places.length === 0) continue
    yield { name, chunks: cutAt(bytes, places) }
    yield { name: `${name}, empty chunks between`, chunks: withEmpty(cutAt(bytes, places)) }
  }

  const next = seededRandom(seed)
  for (let index = 0; index < random; index++) {
    const places = randomPlaces(length, next)
    yield { name: `random ${index + 1} of seed ${seed}`, chunks: cutAt(bytes, places) }
  }
}

/** Returns the places between two bytes for which the predicate holds. */
function placesWhere(
  bytes: Uint8Array,
  isWanted: (before: number, after: number) => boolean,
): number[] {
  const places: number[] = []
  for (let place = 1; place < bytes.length; place++) {
    if (isWanted(bytes[place - 1] as number, bytes[place] as number)) places.push(place)
  }
  return places
}

/** Cuts at places in ascending order; a repeated place gives an empty chunk. */
function cutAt(bytes: Uint8Array, places: readonly number[]): Uint8Array[] {
  const ends = [...places, bytes.length]
  // Not slice(): a Node Buffer's returns a view.
  return ends.map((end, index) => new Uint8Array(bytes.subarray(ends[index - 1] ?? 0, end)))
}

function withEmpty(chunks: Uint8Array[]): Uint8Array[] {
  return [new Uint8Array(0), ...chunks.flatMap((chunk) => [chunk, new Uint8Array(0)])]
}

function randomPlaces(length: number, next: () => number): number[] {
  // From nearly whole to nearly byte by byte, for both long and short chunks.
  const longest = Math.max(1, Math.ceil(length ** next()))
  const places: number[] = []
  let place = Math.floor(next() * (longest + 1))
  while (place < length) {
    places.push(place)
    place += Math.floor(next() * (longest + 1))
  }
  return places
}
