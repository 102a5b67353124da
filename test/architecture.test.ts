import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path/posix'
import { describe, expect, it } from 'vitest'
import {
  checkCycles,
  checkDoors,
  checkImports,
  checkLaws,
  checkLengths,
  checkNames,
  checkPlaces,
  checkTestImports,
  loadedWith,
  MAX_LINES,
  reachOf,
  type Sources,
} from './architecture/house-checks.ts'

const TOP_LEVEL = [
  'CHANGELOG.md',
  'LICENSE',
  'README.md',
  'bench',
  'docs',
  'examples',
  'package-lock.json',
  'package.json',
  'src',
  'test',
  'tsconfig.json',
]
const NOT_IN_GIT = ['node_modules', 'dist', 'coverage']

const root = new URL('..', import.meta.url)

const filesOf = (folder: string): Sources =>
  new Map(
    readdirSync(new URL(folder, root), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => {
        const path = join(entry.parentPath.replaceAll('\\', '/'), entry.name)
        return [path.slice(path.lastIndexOf(`/${folder}/`) + 1), readFileSync(path, 'utf8')]
      }),
  )

const sources = filesOf('src')

describe('the sources', () => {
  it('is read', () => {
    expect([...sources.keys()]).toContain('src/index.ts')
    expect([...sources.keys()]).toContain('src/wire/sse-decoder.ts')
  })

  it('imports only as the table allows', () => expect(checkImports(sources)).toEqual([]))
  it('has no cycles', () => expect(checkCycles(sources)).toEqual([]))
  it('has entry points that only re-export by name', () => expect(checkDoors(sources)).toEqual([]))
  it('has conventional file names', () => expect(checkNames(sources.keys())).toEqual([]))
  it('has short files', () => expect(checkLengths(sources)).toEqual([]))
  it('keeps the laws', () => expect(checkLaws(sources)).toEqual([]))
  it('raises timeouts and decides verdicts in one place', () =>
    expect(checkPlaces(sources)).toEqual([]))

  it('has a streams entry point that reaches neither undici nor node:', () => {
    const packages = [...reachOf(sources, 'src/streams.ts')].filter((name) => !sources.has(name))
    expect(packages).toEqual(['eventsource-parser'])
  })

  it('has a testing entry point that loads node: only for sockets', () => {
    const packages = [...loadedWith(sources, 'src/testing.ts')].filter((name) => !sources.has(name))
    expect(packages).toEqual(['eventsource-parser'])
    expect([...reachOf(sources, 'src/testing.ts')]).toContain('node:http')
  })

  it.each(['src/proxy/create-proxy.ts', 'src/proxy/fetch-through.ts'])(
    'has a proxy that loads without undici: %s',
    (path) => {
      const loaded = [...loadedWith(sources, path)]
      expect(loaded).toContain('src/upstream/dependable-call.ts')
      expect(loaded).not.toContain('undici')
    },
  )

  it('has nothing new at the top level', () => {
    const entries = readdirSync(root).filter(
      (name) => !name.startsWith('.') && !NOT_IN_GIT.includes(name) && !/\.(tgz|log)$/.test(name),
    )
    expect(entries.filter((name) => !TOP_LEVEL.includes(name))).toEqual([])
  })
})

describe('the tests', () => {
  it('share helpers only in test/support/', () => {
    const tests = [...filesOf('test')].filter(([path]) => /\.(ts|mjs)$/.test(path))
    expect(tests.map(([path]) => path)).toContain('test/support/settled.ts')
    expect(checkTestImports(new Map(tests))).toEqual([])
  })
})

describe('the checks report a breach', () => {
  const project = (files: Record<string, string>): Sources => new Map(Object.entries(files))
  const empty = {
    'src/base/a.ts': '',
    'src/wire/b.ts': '',
    'src/transforms/c.ts': '',
    'src/node/n.ts': '',
  }

  it.each([
    ['a higher module', 'src/base/x.ts', "import { b } from '../wire/b.ts'"],
    ['a type of a higher module', 'src/base/x.ts', "import type { B } from '../wire/b.ts'"],
    ['a lazy import', 'src/base/x.ts', "const b = await import('../wire/b.ts')"],
    ['an import with a computed name', 'src/base/x.ts', 'const b = await import(name)'],
    ['an import in a type', 'src/base/x.ts', "let b: import('../wire/b.ts').B"],
    ['a re-export', 'src/base/x.ts', "export { b } from '../wire/b.ts'"],
    ['a package', 'src/base/x.ts', "import { fetch } from 'undici'"],
    ['a longer package name', 'src/wire/x.ts', "import 'eventsource-parser-extra'"],
    ['a type of a package', 'src/pipeline/x.ts', "import type { A } from 'undici'"],
    [
      'a value where only types are allowed',
      'src/metrics/x.ts',
      "import { c } from '../transforms/c.ts'",
    ],
    ['an inline type', 'src/metrics/x.ts', "import { type C } from '../transforms/c.ts'"],
    ['node: outside the folder for it', 'src/testing/x.ts', "import 'node:http'"],
    ['a module outside its folder', 'src/testing/x.ts', "import '../node/n.ts'"],
    ['a package in an entry point', 'src/x.ts', "export { fetch } from 'undici'"],
    ['a module instead of an entry point', 'src/cli/x.ts', "import '../wire/b.ts'"],
    ['a module that is not in the table', 'src/misc/x.ts', ''],
    ['a missing file', 'src/wire/x.ts', "import '../base/z.ts'"],
  ])('imports: %s', (_, path, text) => {
    expect(checkImports(project({ ...empty, [path]: text }))).toHaveLength(1)
  })

  it.each([
    ['a lower module', 'src/wire/x.ts', "import { a } from '../base/a.ts'"],
    ['the same module', 'src/wire/x.ts', "import { b } from './b.ts'"],
    ['an allowed package', 'src/wire/x.ts', "import { createParser } from 'eventsource-parser'"],
    [
      'a type where types are allowed',
      'src/metrics/x.ts',
      "import type { C } from '../transforms/c.ts'",
    ],
    ['node: in the folder for it', 'src/testing/node/x.ts', "import 'node:http'"],
    ['a module in its folder', 'src/testing/node/x.ts', "import '../../node/n.ts'"],
    ['a module in an entry point', 'src/x.ts', "export { b } from './wire/b.ts'"],
    ['an import in a comment', 'src/base/x.ts', "// import { b } from '../wire/b.ts'"],
  ])('imports: not in %s', (_, path, text) => {
    expect(checkImports(project({ ...empty, [path]: text }))).toEqual([])
  })

  it('cycles: of two files, and of types', () => {
    const cycle = project({
      'src/wire/a.ts': "import './b.ts'",
      'src/wire/b.ts': "import type { A } from './a.ts'",
      'src/wire/c.ts': "import './a.ts'",
    })
    expect(checkCycles(cycle)).toEqual(['src/wire/a.ts -> src/wire/b.ts -> src/wire/a.ts'])
  })

  it.each([
    ['a star', 'src/x.ts', "export * from './wire/b.ts'"],
    ['a namespace', 'src/x.ts', "export * as wire from './wire/b.ts'"],
    ['its own value', 'src/x.ts', 'export const a = 1'],
    ['an import', 'src/x.ts', "import './wire/b.ts'"],
    ['a statement', 'src/x.ts', 'start()'],
    ['a value in the entry point of the command', 'src/cli.ts', 'export const a = 1'],
    ['a barrel in a module', 'src/wire/x.ts', "export { b } from './b.ts'"],
  ])('entry points: %s', (_, path, text) => {
    expect(checkDoors(project({ [path]: text }))).toHaveLength(1)
  })

  it('entry points: not in named re-exports, nor in the start of the command', () => {
    const doors = project({
      'src/x.ts': "export { b, type C } from './wire/b.ts'\nexport type { D } from './wire/d.ts'",
      'src/y.ts': 'export {}',
      'src/cli.ts': "#!/usr/bin/env node\nimport { main } from './cli/main.ts'\n\nawait main()",
    })
    expect(checkDoors(doors)).toEqual([])
  })

  it.each([
    ['another folder', 'test/wire/x.test.ts', '../spec/bytes.ts'],
    ['another folder, from support', 'test/support/x.ts', '../spec/bytes.ts'],
    ['the folder of another test', 'test/docs.test.ts', './matrix/snippets.ts'],
  ])('test helpers: from %s', (_, path, specifier) => {
    expect(checkTestImports(project({ [path]: `import '${specifier}'` }))).toHaveLength(1)
  })

  it.each([
    ['the own folder', 'test/wire/x.test.ts', './a/bytes.ts'],
    ['support', 'test/wire/a/x.test.ts', '../../support/bytes.ts'],
    ['the folder of the test', 'test/docs.test.ts', './docs/blocks.ts'],
    ['src', 'test/wire/x.test.ts', '../../src/wire.ts'],
    ['bench', 'test/bench/x.test.ts', '../../bench/race.ts'],
  ])('test helpers: not from %s', (_, path, specifier) => {
    expect(checkTestImports(project({ [path]: `import '${specifier}'` }))).toEqual([])
  })

  it.each([
    'src/wire/sseDecoder.ts',
    'src/wire/SseDecoder.ts',
    'src/wire/sse_decoder.ts',
    'src/wire/a.js',
    'src/wire/utils.ts',
    'src/helpers/a.ts',
    'src/wire/types.ts',
    'src/common.ts',
    'src/wire/index.ts',
  ])('names: %s', (path) => {
    expect(checkNames([path])).toHaveLength(1)
  })

  it('lengths: one line too many', () => {
    expect(checkLengths(project({ 'src/wire/a.ts': '\n'.repeat(MAX_LINES) }))).toEqual([])
    expect(checkLengths(project({ 'src/wire/a.ts': '\n'.repeat(MAX_LINES + 1) }))).toHaveLength(1)
  })

  it.each([
    'console.log(1)',
    'globalThis.console.warn(1)',
    'AbortSignal.timeout(1)',
    'AbortSignal.any([])',
    'const [a, b] = body.tee()',
    'let a: any',
    'const a = b as any',
    '// @ts-ignore\na()',
    '// @ts-expect-error\na()',
  ])('laws: %s', (text) => {
    expect(checkLaws(project({ 'src/wire/a.ts': text }))).toHaveLength(1)
  })

  it.each([
    ['a timeout', "throw new UpstreamTimeoutError('idle', 5)"],
    ['a verdict', "if (outcomeOf(error).verdict === 'error') stop()"],
    ['a verdict from the table', 'const a = OUTCOMES[code].verdict'],
    ['a destructured verdict', 'const { status, verdict: a } = outcomeOf(error)'],
  ])('places: %s', (_, text) => {
    expect(checkPlaces(project({ 'src/proxy/x.ts': text }))).toHaveLength(1)
  })

  it('places: not where the decision belongs, nor in other columns of the table', () => {
    const sources = project({
      'src/proxy/decide-verdict.ts': 'const { verdict } = outcomeOf(error)',
      'src/upstream/phase-limit.ts': "new UpstreamTimeoutError('idle', 5)",
      'src/proxy/x.ts':
        'const { status } = OUTCOMES[code]; const { verdict } = exchange.decide(end)',
    })
    expect(checkPlaces(sources)).toEqual([])
  })

  it('laws: not in comments, strings and the command', () => {
    const text = "/** console.log(1), body.tee(), any */\nconst a = 'AbortSignal.any([])'"
    expect(checkLaws(project({ 'src/wire/a.ts': text }))).toEqual([])
    expect(checkLaws(project({ 'src/cli/main.ts': 'console.log(1)' }))).toEqual([])
  })

  it('reach: through other files, lazily and by type', () => {
    const reach = reachOf(
      project({
        'src/x.ts': "export { a } from './wire/a.ts'",
        'src/wire/a.ts': "import type { B } from './b.ts'\nawait import('node:fs')",
        'src/wire/b.ts': "import { fetch } from 'undici'",
      }),
      'src/x.ts',
    )
    expect([...reach]).toEqual(expect.arrayContaining(['undici', 'node:fs']))
  })

  it('load: neither lazily nor by type', () => {
    const loaded = loadedWith(
      project({
        'src/x.ts': "export { a } from './wire/a.ts'",
        'src/wire/a.ts': "import type { B } from './b.ts'\nawait import('node:fs')",
      }),
      'src/x.ts',
    )
    expect([...loaded]).toEqual(['src/x.ts', 'src/wire/a.ts'])
  })
})
