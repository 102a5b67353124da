import fc from 'fast-check'
import { bytes } from './bytes.ts'

/** Pieces of streams, and pieces that resemble them. */
const PIECES: (string | number)[] = [
  ...[
    '\n',
    '\r',
    '\r\n',
    '\n\n',
    '\r\r',
    '\r\n\r\n',
    ':',
    ' ',
    '\0',
    '\t',
    'x',
    '7',
    'é',
    '\u2028',
  ],
  ...['d', 'da', 'dat', 'data', 'data:', 'data: ', 'i', 'id', 'id:', 'id: ', 'event', 'event:'],
  ...['r', 're', 'ret', 'retr', 'retry', 'retry:', 'retry: 1', '\nid: 1\n', 'data: x\n\n', 'a'],
  ...[0xef, 0xbb, 0xbf, 0xe2, 0x82, 0xff],
  // Longer than any number of bytes that is scanned in one step.
  ...['x'.repeat(17), 'data: ', `data: ${'x'.repeat(40)}`, '\u20ac'.repeat(11), '\t'.repeat(16)],
]

/** Streams of such pieces, with or without a byte order mark. */
export const someSse: fc.Arbitrary<Uint8Array> = fc
  .tuple(
    fc.constantFrom('', '', '\ufeff', '\ufeff\ufeff', '\u00ef\u00bb\u00bf'),
    fc.array(fc.constantFrom(...PIECES), { maxLength: 24 }),
  )
  .map(([start, pieces]) => bytes(start, ...pieces))

/** The same bytes in chunks of any length, including empty ones. */
export function someChunks(stream: fc.Arbitrary<Uint8Array>): fc.Arbitrary<Uint8Array[]> {
  return stream.chain((input) =>
    fc
      .array(fc.nat({ max: input.length }), { maxLength: input.length + 2 })
      .map((places) => cut(input, places)),
  )
}

function cut(input: Uint8Array, places: number[]): Uint8Array[] {
  const ends = [...places.sort((a, b) => a - b), input.length]
  return ends.map((end, index) => input.slice(ends[index - 1] ?? 0, end))
}
