import fc from 'fast-check'
import { expect, it } from 'vitest'
import { cellWidth, wrapText } from '../../../src/cli/demo/wrap-text.ts'

it.each([
  ['a bc def', 4, ['a bc', 'def']],
  ['abcdefgh i', 4, ['abcd', 'efgh', 'i']],
  ['a\n\nb\r\nc', 4, ['a', '', 'b', 'c']],
  ['日本語 text', 5, ['日本', '語', 'text']],
  ['', 4, ['']],
  ['a ', 4, ['a ']],
])('wraps %j at %i cells', (text, width, lines) => {
  expect(wrapText(text, width)).toEqual(lines)
})

it('drops control characters', () => {
  expect(wrapText('a\x1b[2Jb\x07\x9bc\td', 20)).toEqual(['a[2Jbc d'])
})

it('makes no line too long, and drops no word', () => {
  const word = fc.string({ unit: 'grapheme', maxLength: 12 })
  fc.assert(
    fc.property(fc.array(word), fc.integer({ min: 4, max: 30 }), (words, width) => {
      const lines = wrapText(words.join(' '), width)
      expect(lines.filter((line) => cellWidth(line) > width)).toEqual([])
      const letters = (text: string): string => text.replaceAll(/[\s\p{Cc}]/gu, '')
      expect(letters(lines.join(''))).toBe(letters(words.join(' ')))
    }),
  )
})
