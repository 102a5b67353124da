import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { FOUND_CONTENT, FOUND_NOTHING, FOUND_READ, KeyScanner } from '../../src/llm/key-scanner.ts'

const READ = ['usage', 'finish_reason', 'error']
const CONTENT = ['content', 'text', 'usages']
const scanner = new KeyScanner({ read: READ, content: CONTENT })
const utf8 = new TextEncoder()

function scan(json: string): number {
  // Between other bytes, which are not of it.
  const bytes = utf8.encode(`"usage":1,${json}\n"error":{"a":1}`)
  const length = utf8.encode(json).length
  return scanner.scan(bytes, 10, 10 + length)
}

/** The same, of the parsed value. */
function oracle(value: unknown): number {
  if (typeof value !== 'object' || value === null) return FOUND_NOTHING
  let found = FOUND_NOTHING
  for (const [key, inner] of Object.entries(value)) {
    const own = Array.isArray(value) || saysNothing(inner) ? FOUND_NOTHING : kindOf(key)
    found = Math.max(found, own, oracle(inner))
  }
  return found
}

function kindOf(key: string): number {
  if (READ.includes(key)) return FOUND_READ
  return CONTENT.includes(key) ? FOUND_CONTENT : FOUND_NOTHING
}

function saysNothing(value: unknown): boolean {
  if (typeof value !== 'object') return value === '' || value === 0
  return value === null || Object.keys(value).length === 0
}

const key = fc.oneof(
  fc.constantFrom(...READ, ...CONTENT, 'usag', 'Usage', 'index', '', 'error":1,"', '\\', '"'),
  fc.string(),
)
const quoted = fc.constantFrom('"usage":1', '\\"error\\":{"a":1}', '{"text":"a"}', '\\', '"', '')
const value = fc.letrec((tie) => ({
  leaf: fc.oneof(
    fc.constantFrom(null, true, false, 0, 0.5, 10, -1, ''),
    quoted,
    fc.string({ unit: 'grapheme' }),
  ),
  list: fc.array(tie('any'), { maxLength: 4 }),
  record: fc.dictionary(key, tie('any'), { maxKeys: 5 }),
  any: fc.oneof({ depthSize: 'small' }, tie('leaf'), tie('list'), tie('record')),
})).any

describe('a key scanner', () => {
  it('finds what a parser finds, in any JSON', () => {
    fc.assert(
      fc.property(value, fc.constantFrom(undefined, ' ', '\t'), (json, indent) => {
        // On one line, as data is: with blanks in place of the line ends.
        const text = JSON.stringify(json, null, indent).replaceAll('\n', indent ?? '')
        expect(scan(text)).toBe(oracle(JSON.parse(text)))
      }),
      { numRuns: 2000 },
    )
  })

  it.each([
    ['{"usage":null}', FOUND_NOTHING],
    ['{"usage" : \t{ \t}}', FOUND_NOTHING],
    ['{"usage":{"a":0}}', FOUND_READ],
    ['{"usage":0.5}', FOUND_READ],
    ['{"usage":05}', FOUND_READ],
    ['{"content":"a","error":"b"}', FOUND_READ],
    ['{"content":"\\"usage\\":1"}', FOUND_CONTENT],
    ['{"a":["usage","content"]}', FOUND_NOTHING],
    ['{"usages":1}', FOUND_CONTENT],
  ])('finds in %s', (json, found) => {
    expect(scan(json)).toBe(found)
  })

  it('ends on anything that is no JSON, and reads no byte behind its end for a key', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom('"', '\\', ':', '{', ' ', 'usage', '\n', 'é')),
        (parts) => {
          expect([FOUND_NOTHING, FOUND_CONTENT, FOUND_READ]).toContain(scan(parts.join('')))
        },
      ),
    )
    for (const cut of [
      '{"usage',
      '{"usage"',
      '{"usage":',
      '{"usage": ',
      '{"a":"\\',
      '{"usage":"',
    ]) {
      const bytes = utf8.encode(cut)
      expect(scanner.scan(bytes, 0, bytes.length), cut).toBe(
        cut === '{"usage":"' ? FOUND_READ : FOUND_NOTHING,
      )
    }
  })
})
