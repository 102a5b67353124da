import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { BoundaryScanner } from '../../src/wire/boundary-scanner.ts'
import { EventCounter } from '../../src/wire/event-counter.ts'
import { isCommentLines } from '../support/sse/boundary-oracle.ts'
import { bytes } from '../support/sse/bytes.ts'
import { referenceDecode } from '../support/sse/reference-decoder.ts'
import { someChunks, someSse } from '../support/sse/some-sse.ts'
import { saidBy } from '../support/sse/spec-case.ts'

describe('streams that nobody would write', () => {
  it('are decoded as the standard says, word for word', () => {
    fc.assert(
      fc.property(someChunks(someSse), (chunks) => {
        expect(saidBy(chunks)).toEqual(referenceDecode(bytes(...chunks)))
      }),
      { numRuns: 3000 },
    )
  })

  it('have as many events by the counter as by the decoder', () => {
    fc.assert(
      fc.property(someChunks(someSse), (chunks) => {
        const counter = new EventCounter()
        for (const chunk of chunks) counter.count(chunk)
        const events = referenceDecode(bytes(...chunks)).filter(({ is }) => is === 'event')
        expect(counter.events).toBe(events.length)
      }),
      { numRuns: 5000 },
    )
  })

  it('end between events for the counter as for the boundary scanner', () => {
    fc.assert(
      fc.property(someChunks(someSse), (chunks) => {
        const counter = new EventCounter()
        const scanner = new BoundaryScanner()
        let text = bytes()
        for (const chunk of chunks) {
          counter.count(chunk)
          scanner.scan(chunk)
          text = bytes(text, chunk)
          const open = text.subarray(text.length - scanner.openBytes)
          const isStart = open.length === text.length
          const hasBom = text[0] === 0xef && text[1] === 0xbb && text[2] === 0xbf
          const lines = isStart && hasBom ? open.subarray(3) : open
          expect(counter.isBetweenEvents).toBe(scanner.isAtBoundary || isCommentLines(lines))
        }
      }),
      { numRuns: 3000 },
    )
  })
})
