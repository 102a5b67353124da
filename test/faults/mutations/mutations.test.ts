import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { MUTATIONS } from './mutations.ts'
import { readSources } from './read-sources.ts'
import { drop, empty, gives, SourceAnchors, swap } from './source-anchors.ts'

it('every mutation finds what it changes', () => {
  const anchors = new SourceAnchors(
    readSources(fileURLToPath(new URL('../../../src', import.meta.url))),
  )
  const problems: string[] = []
  for (const { row, changes } of MUTATIONS) {
    try {
      anchors.changed(changes)
    } catch (error) {
      problems.push(`${row}: ${(error as Error).message}`)
    }
  }
  expect(problems).toEqual([])
})

describe('a change', () => {
  const A = `class Box {
  readonly #isOpen = true
  constructor() { this.open() }
  open(): void {
    if (this.#isOpen) return
    start( { a: 1, b: 2 } )
  }
}
const LIST = ['a', 'b', 'c']
function twice(): number { const inner = 1; return inner }
`
  const anchors = new SourceAnchors(
    new Map([
      ['a.ts', A],
      ['b.ts', 'function twice() {}'],
    ]),
  )
  const changed = (...changes: Parameters<typeof anchors.changed>[0]): string =>
    anchors.changed(changes).get('a.ts') ?? ''

  it('empties a method and a constructor', () => {
    expect(changed(empty('Box.open'))).toContain('open(): void {}\n')
    expect(changed(empty('Box.constructor'))).toContain('constructor() {}\n')
  })

  it('gives a constant, a field and a method another value', () => {
    expect(changed(gives('LIST', '[]'))).toContain('const LIST = []\n')
    expect(changed(gives('Box.#isOpen', 'false'))).toContain('readonly #isOpen = false\n')
    expect(changed(gives('Box.open', '1'))).toContain('open(): void { return 1 }\n')
  })

  it('drops the innermost statement, and an element of a list or an object', () => {
    expect(changed(drop('Box.open', 'return'))).toContain('if (this.#isOpen) ;\n')
    expect(changed(drop('Box.open', 'if (this.#isOpen)'))).toContain('{\n    ;\n    start(')
    expect(changed(drop('LIST', /^'b'$/))).toContain("['a',  'c']")
    expect(changed(drop('Box.open', 'a: 1'))).toContain('start( {  b: 2 } )')
  })

  it('swaps a text, whatever its whitespace', () => {
    expect(changed(swap('Box.open', 'start( { a: 1,', 'start({'))).toContain('start({ b: 2 } )')
  })

  it('comes after the one before it, and leaves the next mutation the sources as they were', () => {
    const both = changed(drop('LIST', /^'a'$/), drop('LIST', /^'b'$/))
    expect(both).toContain("const LIST = [  'c']")
    expect(changed(gives('LIST', '0'))).toContain('const LIST = 0\n')
    expect(changed(gives('LIST', '1'))).toContain('start( { a: 1, b: 2 } )')
  })

  it('tells two folders apart', () => {
    const two = new SourceAnchors(
      new Map([
        ['a/x.ts', 'function f() { 1 }'],
        ['b/x.ts', 'function f() { 1 }'],
      ]),
    )
    expect([...two.changed([empty('b/f')])]).toEqual([['b/x.ts', 'function f() {}']])
  })

  it.each([
    ['a name that is nowhere', drop('Box.close', 'x'), /Box\.close.*nowhere/],
    ['a name of two files', empty('twice'), /twice.*a\.ts, b\.ts/],
    ['a pattern that is not there', swap('LIST', 'z', ''), /LIST.*0 times/],
    ['a pattern that is there twice', swap('LIST', "'", ''), /LIST.*6 times/],
  ])('refuses %s', (_, change, message) => {
    expect(() => anchors.changed([change])).toThrow(message)
  })
})
