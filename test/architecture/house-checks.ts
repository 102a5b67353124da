import { dirname, join } from 'node:path/posix'
import ts from 'typescript'

/** What a module may import: own modules and packages. */
interface Room {
  rooms: readonly string[]
  /** Modules of which only types may be imported. */
  typesOf?: readonly string[]
  packages?: readonly string[]
  /** Packages that only one file may import: file name to packages. */
  packagesOf?: Readonly<Record<string, readonly string[]>>
  /** What a subfolder may import in addition, by its name. */
  folders?: Readonly<Record<string, Room>>
}

/** Which module may import what; anything else is a breach. `doors` stands for `src/*.ts`. */
const TABLE: Readonly<Record<string, Room>> = {
  base: { rooms: [] },
  pipeline: { rooms: ['base'] },
  wire: { rooms: ['pipeline', 'base'], packages: ['eventsource-parser'] },
  http: { rooms: ['base'] },
  transforms: { rooms: ['wire', 'pipeline', 'http', 'base'] },
  llm: { rooms: ['wire', 'pipeline', 'base'] },
  transport: {
    rooms: ['http', 'base'],
    packages: ['undici'],
    packagesOf: {
      // Types only.
      'upstream-pool.ts': ['node:tls'],
      'decoding-sink.ts': ['node:stream', 'node:zlib'],
      'upload.ts': ['node:stream'],
    },
  },
  upstream: { rooms: ['http', 'wire', 'base'], typesOf: ['transport'] },
  replay: { rooms: ['pipeline', 'wire', 'base'] },
  proxy: {
    rooms: [
      'wire',
      'pipeline',
      'transforms',
      'http',
      'transport',
      'upstream',
      'llm',
      'replay',
      'base',
    ],
  },
  metrics: { rooms: ['base'], typesOf: ['proxy', 'transforms', 'llm'] },
  node: { rooms: ['http', 'base'], packages: ['node:*'] },
  testing: {
    rooms: ['wire', 'http', 'base'],
    typesOf: ['pipeline', 'transforms', 'llm', 'upstream', 'replay', 'proxy', 'metrics', 'node'],
    folders: { node: { rooms: ['node'], packages: ['node:*'] } },
  },
  cli: { rooms: ['doors', 'base'], packages: ['node:*'] },
}

export const MAX_LINES = 300
const FORBIDDEN_NAMES = /^(utils?|helpers?|common|types?)$/
const KEBAB_CASE = /^[a-z0-9]+(-[a-z0-9]+)*\.ts$/
/** Source text by path, `src/` included. */
export type Sources = ReadonlyMap<string, string>

interface Import {
  specifier: string
  isTypeOnly: boolean
  isLazy: boolean
}

const parse = (path: string, text: string): ts.SourceFile =>
  ts.createSourceFile(path, text, ts.ScriptTarget.ES2022, true)

const walk = (node: ts.Node, visit: (node: ts.Node) => void): void => {
  visit(node)
  ts.forEachChild(node, (child) => walk(child, visit))
}

function importsOf(path: string, text: string): Import[] {
  const found: Import[] = []
  const add = (specifier: ts.Node | undefined, isTypeOnly: boolean, isLazy = false): void => {
    if (specifier === undefined) return
    // A computed import cannot be checked, so it is a breach in every module.
    found.push({
      specifier: ts.isStringLiteralLike(specifier) ? specifier.text : specifier.getText(),
      isTypeOnly,
      isLazy,
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
      add(node.arguments[0], false, true)
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

export function checkImports(sources: Sources): string[] {
  const breaches: string[] = []
  for (const [path, text] of sources) {
    const name = roomOf(path)
    const room: Room | undefined = name === 'doors' ? { rooms: Object.keys(TABLE) } : TABLE[name]
    if (room === undefined) {
      breaches.push(`${path}: the room ${name} is not in the table`)
      continue
    }
    const folder = room.folders?.[path.split('/')[2] ?? '']
    for (const { specifier, isTypeOnly } of importsOf(path, text)) {
      if (!isRelative(specifier)) {
        const ofFile = room.packagesOf?.[path.split('/').at(-1) ?? ''] ?? []
        const packages = [...(room.packages ?? []), ...(folder?.packages ?? []), ...ofFile]
        if (!allows(packages, specifier))
          breaches.push(`${path}: ${name} may not import the package ${specifier}`)
        continue
      }
      const target = resolve(path, specifier)
      const to = roomOf(target)
      if (!sources.has(target)) breaches.push(`${path}: there is no ${target}`)
      const isAllowed =
        (to === name && name !== 'doors') ||
        room.rooms.includes(to) ||
        folder?.rooms.includes(to) ||
        (isTypeOnly && room.typesOf?.includes(to))
      if (!isAllowed) breaches.push(`${path}: ${name} may not import ${to} (${target})`)
    }
  }
  return breaches
}

/** Test helpers are imported from the test's own folder (`x.test.ts` has `x/`) or from `test/support/`. */
export function checkTestImports(tests: Sources): string[] {
  const breaches: string[] = []
  for (const [path, text] of tests) {
    const folder = (path.split('/')[1] ?? '').replace(/\.test\.ts$/, '')
    for (const { specifier } of importsOf(path, text)) {
      if (!isRelative(specifier)) continue
      const target = resolve(path, specifier)
      const [top, of] = target.split('/')
      if (top === 'test' && of !== 'support' && of !== folder)
        breaches.push(`${path}: import helpers from test/support/, not ${target}`)
    }
  }
  return breaches
}

export function checkCycles(sources: Sources): string[] {
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

/** The entry point of the command has an import and a call. */
const isStart = (node: ts.Statement): boolean =>
  ts.isImportDeclaration(node) || ts.isExpressionStatement(node)

export function checkDoors(sources: Sources): string[] {
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

export function checkNames(paths: Iterable<string>): string[] {
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

export function checkLengths(sources: Sources): string[] {
  const breaches: string[] = []
  for (const [path, text] of sources) {
    const lines = text.replace(/\n$/, '').split('\n').length
    if (lines > MAX_LINES) breaches.push(`${path}: ${lines} lines, at most ${MAX_LINES}`)
  }
  return breaches
}

export function checkLaws(sources: Sources): string[] {
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

/** Where an upstream's timeout is raised: our own limits, and the connect timeout that undici reports. */
const TIMEOUTS_IN = ['src/upstream/phase-limit.ts', 'src/transport/to-send-error.ts']
/** Where an error becomes a verdict. */
const VERDICTS_IN = ['src/proxy/decide-verdict.ts']

/** Decisions that are made in one place. */
export function checkPlaces(sources: Sources): string[] {
  const breaches: string[] = []
  const isOutcome = (node: ts.Node | undefined): boolean =>
    /^(outcomeOf\(|OUTCOMES\b)/.test(node?.getText() ?? '')
  const readsVerdict = (node: ts.Node): boolean => {
    if (ts.isPropertyAccessExpression(node))
      return node.name.text === 'verdict' && isOutcome(node.expression)
    return (
      ts.isVariableDeclaration(node) &&
      ts.isObjectBindingPattern(node.name) &&
      node.name.elements.some((one) => (one.propertyName ?? one.name).getText() === 'verdict') &&
      isOutcome(node.initializer)
    )
  }
  for (const [path, text] of sources)
    walk(parse(path, text), (node) => {
      const isTimeout =
        ts.isNewExpression(node) && node.expression.getText() === 'UpstreamTimeoutError'
      if (isTimeout && !TIMEOUTS_IN.includes(path))
        breaches.push(`${path}: raise timeouts in ${TIMEOUTS_IN[0]}`)
      if (readsVerdict(node) && !VERDICTS_IN.includes(path))
        breaches.push(`${path}: decide verdicts in ${VERDICTS_IN[0]}`)
    })
  return breaches
}

/** Everything that a file imports, directly or not, including itself, types and packages. */
export function reachOf(sources: Sources, door: string): Set<string> {
  return reached(sources, door, () => true)
}

/** Everything that is loaded together with a file. */
export function loadedWith(sources: Sources, door: string): Set<string> {
  return reached(sources, door, ({ isTypeOnly, isLazy }) => !isTypeOnly && !isLazy)
}

function reached(
  sources: Sources,
  door: string,
  isFollowed: (found: Import) => boolean,
): Set<string> {
  const names = new Set<string>()
  const visit = (name: string): void => {
    if (names.has(name)) return
    names.add(name)
    for (const found of importsOf(name, sources.get(name) ?? '')) {
      const { specifier } = found
      if (isFollowed(found)) visit(isRelative(specifier) ? resolve(name, specifier) : specifier)
    }
  }
  visit(door)
  return names
}
