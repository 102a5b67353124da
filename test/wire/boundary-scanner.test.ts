import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { BoundaryScanner } from '../../src/wire/boundary-scanner.ts'
import { cuttingPlaces, endsAtBoundary } from '../support/sse/boundary-oracle.ts'
import { bytes } from '../support/sse/bytes.ts'
import { someChunks, someSse } from '../support/sse/some-sse.ts'

const limits = fc.constantFrom(1, 2, 3, 4, 5, 8, 13, 30, Infinity)

/** Returns the boundaries up to the first event over the limit, and its position, from a byte-by-byte oracle. */
function scanSlowly(input: Uint8Array, maxEventBytes: number) {
  const places = new Set(cuttingPlaces(input))
  const boundaries = [0]
  for (let end = 1; end <= input.length; end++) {
    const last = boundaries.at(-1) as number
    if (end - last > maxEventBytes) return { boundaries, overAt: end }
    if (places.has(end)) boundaries.push(end)
  }
  return { boundaries, overAt: undefined }
}

describe('BoundaryScanner', () => {
  it('is at a boundary before the first byte', () => {
    const scanner = new BoundaryScanner()
    expect(scanner.isAtBoundary).toBe(true)
    expect(scanner.isAfterCr).toBe(false)
    expect(scanner.scan(new Uint8Array(0))).toBe(0)
    expect(scanner.isAtBoundary).toBe(true)
  })

  it('agrees after every chunk with a byte-by-byte scan of the whole stream', () => {
    fc.assert(
      fc.property(someChunks(someSse), limits, (chunks, limit) => {
        const input = bytes(...chunks)
        // A limit inside a byte order mark is exceeded by the chunk, not by the byte.
        const maxEventBytes = input[0] === 0xef ? Math.max(limit, 3) : limit
        const { boundaries, overAt } = scanSlowly(input, maxEventBytes)
        const scanner = new BoundaryScanner(maxEventBytes)
        let start = 0
        for (const chunk of chunks) {
          const end = start + chunk.length
          const offset = scanner.scan(chunk)
          const isOver = overAt !== undefined && overAt <= end
          const last = Math.max(...boundaries.filter((boundary) => boundary <= end))
          expect(scanner.isOverLimit).toBe(isOver)
          expect(offset).toBe(last > start ? last - start : 0)
          if (isOver) {
            expect(scanner.openBytes).toBe(overAt - last)
            return
          }
          expect(scanner.openBytes).toBe(end - last)
          expect(scanner.isAtBoundary).toBe(endsAtBoundary(input.subarray(0, end)))
          expect(scanner.isAfterCr).toBe(end > 0 && input[end - 1] === 13)
          start = end
        }
      }),
      { numRuns: 5000 },
    )
  })

  it('scans a chunk that ends with a blank line only from its end', () => {
    const chunk = bytes(new Uint8Array(65_536).fill(0x78), '\n\n')
    let reads = 0
    const watched = new Proxy(chunk, {
      get: (target, key) => {
        if (/^\d+$/.test(String(key))) reads++
        const value: unknown = Reflect.get(target, key, target)
        return typeof value === 'function' ? value.bind(target) : value
      },
    })
    const scanner = new BoundaryScanner()
    scanner.scan(bytes('data: '))
    expect(scanner.scan(watched)).toBe(chunk.length)
    expect(reads).toBeLessThan(20)
  })
})
