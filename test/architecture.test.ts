import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path/posix'
import ts from 'typescript'
import { describe, expect, it } from 'vitest'

/** What a room may import: of our own, and of others. */
interface Room {
  rooms: readonly string[]
  /** Rooms of which only types may be imported. */
  typesOf?: readonly string[]
  packages?: readonly string[]
  /** Packages that one file alone may import: file name to packages. */
  packagesOf?: Readonly<Record<string, readonly string[]>>
}

/** "Who may import whom": everything that is not here is a breach. `doors` stands for `src/*.ts`. */
const TABLE: Readonly<Record<string, Room>> = {
  base: { rooms: [] },
  pipeline: { rooms: ['base'] },
  wire: { rooms: ['pipeline', 'base'], packages: ['eventsource-parser'] },
  transforms: { rooms: ['wire', 'pipeline', 'base'] },
  llm: { rooms: ['wire', 'pipeline', 'base'] },
  upstream: { rooms: ['base'], packages: ['undici'] },
  replay: { rooms: ['wire', 'base'] },
  proxy: { rooms: ['wire', 'pipeline', 'transforms', 'llm', 'upstream', 'replay', 'base'] },
  metrics: { rooms: ['base'], typesOf: ['transforms'] },
  node: { rooms: ['base'], packages: ['node:*', 'srvx'] },
  testing: {
    rooms: ['wire', 'base'],
    typesOf: ['pipeline', 'transforms', 'llm', 'upstream', 'replay', 'proxy', 'metrics', 'node'],
    packagesOf: { 'serve.ts': ['node:http', 'node:http2', 'node:https', 'node:net', 'node:zlib'] },
  },
  cli: { rooms: ['doors'], packages: ['node:*'] },
}

const MAX_LINES = 350
const FORBIDDEN_NAMES = /^(utils?|helpers?|common|types?)$/
const KEBAB_CASE = /^[a-z0-9]+(-[a-z0-9]+)*\.ts$/
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

/** Source text by path, `src/` included. */
type Sources = ReadonlyMap<string, string>

interface Import {
  specifier: string
  isTypeOnly: boolean
}

const parse = (path: string, text: string): ts.SourceFile =>
  ts.createSourceFile(path, text, ts.ScriptTarget.ES2022, true)

const walk = (node: ts.Node, visit: (node: ts.Node) => void): void => {
  visit(node)
  ts.forEachChild(node, (child) => walk(child, visit))
}

function importsOf(path: string, text: string): Import[] {
  const found: Import[] = []
  const add = (specifier: ts.Node | undefined, isTypeOnly: boolean): void => {
    if (specifier === undefined) return
    // What cannot be read cannot be checked, and so breaches every room.
    found.push({
      specifier: ts.isStringLiteralLike(specifier) ? specifier.text : specifier.getText(),
      isTypeOnly,
    })
  }
  walk(parse(path, text), (node) => {
    if (ts.isImportDeclaration(node)) {
      // `import { type A }` still loads the module at run time.
      const phase = node.importClause?.phaseModifier
      add(node.moduleSpecifier, phase === ts.SyntaxKind.TypeKeyword)
    } else if (ts.isExportDeclaration(node)) add(node.moduleSpecifier, node.isTypeOnly)
    else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument))
      add(node.argument.literal, true)
    else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword)
      add(node.arguments[0], false)
  })
  return found
}

const isRelative = (specifier: string): boolean => specifier.startsWith('.')
const resolve = (from: string, specifier: string): string => join(dirname(from), specifier)
const isDoor = (path: string): boolean => path.split('/').length === 2
const roomOf = (path: string): string => (isDoor(path) ? 'doors' : (path.split('/')[1] ?? ''))

const allows = (packages: readonly string[], specifier: string): boolean =>
  packages.some((name) =>
    name.endsWith('*')
      ? specifier.startsWith(name.slice(0, -1))
      : specifier === name || specifier.startsWith(`${name}/`),
  )

function checkImports(sources: Sources): string[] {
  const breaches: string[] = []
  for (const [path, text] of sources) {
    const name = roomOf(path)
    const room = name === 'doors' ? { rooms: Object.keys(TABLE) } : TABLE[name]
    if (room === undefined) {
      breaches.push(`${path}: the room ${name} is not in the table`)
      continue
    }
    for (const { specifier, isTypeOnly } of importsOf(path, text)) {
      if (!isRelative(specifier)) {
        const ofFile = room.packagesOf?.[path.split('/').at(-1) ?? ''] ?? []
        if (!allows([...(room.packages ?? []), ...ofFile], specifier))
          breaches.push(`${path}: ${name} may not import the package ${specifier}`)
        continue
      }
      const target = resolve(path, specifier)
      const to = roomOf(target)
      if (!sources.has(target)) breaches.push(`${path}: there is no ${target}`)
      const isAllowed =
        (to === name && name !== 'doors') ||
        room.rooms.includes(to) ||
        (isTypeOnly && room.typesOf?.includes(to))
      if (!isAllowed) breaches.push(`${path}: ${name} may not import ${to} (${target})`)
    }
  }
  return breaches
}

function checkCycles(sources: Sources): string[] {
  const breaches: string[] = []
  const finished = new Set<string>()
  const visit = (path: string, trail: string[]): void => {
    const at = trail.indexOf(path)
    if (at >= 0) breaches.push([...trail.slice(at), path].join(' -> '))
    if (at >= 0 || finished.has(path)) return
    for (const { specifier } of importsOf(path, sources.get(path) ?? ''))
      if (isRelative(specifier)) visit(resolve(path, specifier), [...trail, path])
    finished.add(path)
  }
  for (const path of sources.keys()) visit(path, [])
  return breaches
}

const isNamedReExport = (node: ts.Statement): boolean =>
  ts.isExportDeclaration(node) &&
  node.exportClause !== undefined &&
  ts.isNamedExports(node.exportClause) &&
  (node.moduleSpecifier !== undefined || node.exportClause.elements.length === 0)

/** The command's door has something to start: an import and a call. */
const isStart = (node: ts.Statement): boolean =>
  ts.isImportDeclaration(node) || ts.isExpressionStatement(node)

function checkDoors(sources: Sources): string[] {
  const breaches: string[] = []
  for (const [path, text] of sources)
    for (const node of parse(path, text).statements) {
      const line = node.getText().split('\n')[0]
      if (!isDoor(path)) {
        if (ts.isExportDeclaration(node) && node.moduleSpecifier !== undefined)
          breaches.push(`${path}: a room has no barrel: ${line}`)
      } else if (!isNamedReExport(node) && !(path === 'src/cli.ts' && isStart(node)))
        breaches.push(`${path}: a door only re-exports by name: ${line}`)
    }
  return breaches
}

function checkNames(paths: Iterable<string>): string[] {
  const breaches: string[] = []
  for (const path of paths) {
    const parts = path.split('/')
    const file = parts.at(-1) ?? ''
    if (!KEBAB_CASE.test(file)) breaches.push(`${path}: not kebab-case`)
    if (file === 'index.ts' && !isDoor(path)) breaches.push(`${path}: a room has no barrel`)
    for (const part of parts)
      if (FORBIDDEN_NAMES.test(part.replace(/\.ts$/, '')))
        breaches.push(`${path}: ${part} says nothing`)
  }
  return breaches
}

function checkLengths(sources: Sources): string[] {
  const breaches: string[] = []
  for (const [path, text] of sources) {
    const lines = text.replace(/\n$/, '').split('\n').length
    if (lines > MAX_LINES) breaches.push(`${path}: ${lines} lines, at most ${MAX_LINES}`)
  }
  return breaches
}

function checkLaws(sources: Sources): string[] {
  const breaches: string[] = []
  for (const [path, text] of sources) {
    const source = parse(path, text)
    const breach = (node: ts.Node): void => {
      const line = source.getLineAndCharacterOfPosition(node.getStart()).line + 1
      breaches.push(`${path}:${line}: ${node.getText()}`)
    }
    walk(source, (node) => {
      if (node.kind === ts.SyntaxKind.AnyKeyword) breach(node)
      if (!ts.isPropertyAccessExpression(node)) return
      const [object, member] = [node.expression.getText(), node.name.text]
      if (/(^|\.)console$/.test(object) && roomOf(path) !== 'cli') breach(node)
      if (/(^|\.)AbortSignal$/.test(object) && /^(any|timeout)$/.test(member)) breach(node)
      if (member === 'tee') breach(node)
    })
    for (const [suppression] of text.matchAll(/@ts-(ignore|expect-error|nocheck)/g))
      breaches.push(`${path}: ${suppression}`)
  }
  return breaches
}

/** Everything that a file loads, itself included, and the packages at its ends. */
function reachOf(sources: Sources, door: string): Set<string> {
  const reached = new Set<string>()
  const visit = (name: string): void => {
    if (reached.has(name)) return
    reached.add(name)
    for (const { specifier } of importsOf(name, sources.get(name) ?? ''))
      visit(isRelative(specifier) ? resolve(name, specifier) : specifier)
  }
  visit(door)
  return reached
}

const root = new URL('..', import.meta.url)

const sources: Sources = new Map(
  readdirSync(new URL('src', root), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => {
      const path = join(entry.parentPath.replaceAll('\\', '/'), entry.name)
      return [path.slice(path.lastIndexOf('/src/') + 1), readFileSync(path, 'utf8')]
    }),
)

describe('the house', () => {
  it('is read', () => {
    expect([...sources.keys()]).toContain('src/index.ts')
    expect([...sources.keys()]).toContain('src/wire/sse-decoder.ts')
  })

  it('imports only as the table allows', () => expect(checkImports(sources)).toEqual([]))
  it('has no cycles', () => expect(checkCycles(sources)).toEqual([]))
  it('has doors that only re-export by name', () => expect(checkDoors(sources)).toEqual([]))
  it('has speaking names', () => expect(checkNames(sources.keys())).toEqual([]))
  it('has short files', () => expect(checkLengths(sources)).toEqual([]))
  it('keeps the laws', () => expect(checkLaws(sources)).toEqual([]))

  it('has a streams door that reaches neither undici nor node:', () => {
    const packages = [...reachOf(sources, 'src/streams.ts')].filter((name) => !sources.has(name))
    expect(packages).toEqual(['eventsource-parser'])
  })

  it('has nothing new at the top level', () => {
    const entries = readdirSync(root).filter(
      (name) => !name.startsWith('.') && !NOT_IN_GIT.includes(name) && !/\.(tgz|log)$/.test(name),
    )
    expect(entries.filter((name) => !TOP_LEVEL.includes(name))).toEqual([])
  })
})

describe('the checks see a breach', () => {
  const project = (files: Record<string, string>): Sources => new Map(Object.entries(files))
  const empty = { 'src/base/a.ts': '', 'src/wire/b.ts': '', 'src/transforms/c.ts': '' }

  it.each([
    ['a room of a higher floor', 'src/base/x.ts', "import { b } from '../wire/b.ts'"],
    ['a type of a higher floor', 'src/base/x.ts', "import type { B } from '../wire/b.ts'"],
    ['a lazy import', 'src/base/x.ts', "const b = await import('../wire/b.ts')"],
    ['an import that cannot be read', 'src/base/x.ts', 'const b = await import(name)'],
    ['an import in a type', 'src/base/x.ts', "let b: import('../wire/b.ts').B"],
    ['a re-export', 'src/base/x.ts', "export { b } from '../wire/b.ts'"],
    ['a package', 'src/base/x.ts', "import { fetch } from 'undici'"],
    ['a longer package name', 'src/wire/x.ts', "import 'eventsource-parser-extra'"],
    ['a type of a package', 'src/pipeline/x.ts', "import type { A } from 'undici'"],
    [
      'a value where only types may go',
      'src/metrics/x.ts',
      "import { c } from '../transforms/c.ts'",
    ],
    ['an inline type', 'src/metrics/x.ts', "import { type C } from '../transforms/c.ts'"],
    ['node: in another file than serve', 'src/testing/x.ts', "import 'node:http'"],
    ['another node: in serve', 'src/testing/serve.ts', "import 'node:fs'"],
    ['a package in a door', 'src/x.ts', "export { fetch } from 'undici'"],
    ['a room past the doors', 'src/cli/x.ts', "import '../wire/b.ts'"],
    ['a room that is not in the table', 'src/misc/x.ts', ''],
    ['a file that is not there', 'src/wire/x.ts', "import '../base/z.ts'"],
  ])('imports: %s', (_, path, text) => {
    expect(checkImports(project({ ...empty, [path]: text }))).toHaveLength(1)
  })

  it.each([
    ['a room of a lower floor', 'src/wire/x.ts', "import { a } from '../base/a.ts'"],
    ['the own room', 'src/wire/x.ts', "import { b } from './b.ts'"],
    ['the own package', 'src/wire/x.ts', "import { createParser } from 'eventsource-parser'"],
    [
      'a type where types may go',
      'src/metrics/x.ts',
      "import type { C } from '../transforms/c.ts'",
    ],
    ['node:http in serve', 'src/testing/serve.ts', "import { createServer } from 'node:http'"],
    ['a room in a door', 'src/x.ts', "export { b } from './wire/b.ts'"],
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
    ['a value of its own', 'src/x.ts', 'export const a = 1'],
    ['an import', 'src/x.ts', "import './wire/b.ts'"],
    ['a statement', 'src/x.ts', 'start()'],
    ['a value in the door of the command', 'src/cli.ts', 'export const a = 1'],
    ['a barrel in a room', 'src/wire/x.ts', "export { b } from './b.ts'"],
  ])('doors: %s', (_, path, text) => {
    expect(checkDoors(project({ [path]: text }))).toHaveLength(1)
  })

  it('doors: not in named re-exports, nor in the start of the command', () => {
    const doors = project({
      'src/x.ts': "export { b, type C } from './wire/b.ts'\nexport type { D } from './wire/d.ts'",
      'src/y.ts': 'export {}',
      'src/cli.ts': "#!/usr/bin/env node\nimport { main } from './cli/main.ts'\n\nawait main()",
    })
    expect(checkDoors(doors)).toEqual([])
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
})
