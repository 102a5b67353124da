import { execFile } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { cp, mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { createContext, runInContext } from 'node:vm'
import { type BuildOptions, build } from 'esbuild'
import ts from 'typescript'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { notUndefined } from './support/packaging/not-undefined.ts'
import { packProject } from './support/packaging/pack-project.ts'
import { undocumentedOptions } from './support/packaging/undocumented-options.ts'

const STREAMS = [
  'Budget',
  'EventMap',
  'FrameSplitter',
  'HeartbeatInjector',
  'MetricsTap',
  'SseDecoder',
  'SseEncoder',
  'SseKitError',
  'SseLimitError',
  'StageStream',
  'WatermarkBuffer',
  'encodeEvent',
  'relay',
  'sseResponse',
]

/** Names that an entry point exports at run time, and its maximum size, minified, without dependencies. */
interface Door {
  names: readonly string[]
  maxBytes: number
}

/** Adding a name or a kilobyte is a decision that is made here. */
const DOORS: Readonly<Record<string, Door>> = {
  index: {
    names: [
      ...STREAMS,
      'CircuitBreaker',
      'CircuitOpenError',
      'ClientStalledError',
      'UpstreamNetworkError',
      'UpstreamTimeoutError',
      'isCredentialHeader',
      'proxyFetch',
      'sseProxy',
    ],
    maxBytes: 111_000,
  },
  llm: {
    names: [
      'DIALECTS',
      'anthropic',
      'dialectOf',
      'gemini',
      'llmEvents',
      'ollama',
      'openaiChat',
      'openaiResponses',
      'plain',
      'textDeltas',
    ],
    maxBytes: 28_000,
  },
  metrics: {
    names: [
      'StreamRegistry',
      'healthHandler',
      'metricsHandler',
      'openTelemetrySink',
      'prometheusText',
    ],
    maxBytes: 16_500,
  },
  node: { names: ['toNodeHandler'], maxBytes: 13_500 },
  streams: { names: STREAMS, maxBytes: 30_500 },
  testing: {
    names: [
      'chunkings',
      'collect',
      'disconnectAfter',
      'fakeUpstream',
      'gate',
      'serve',
      'slowClient',
      'slowReader',
      'step',
      'streamOf',
      'transcript',
    ],
    maxBytes: 42_000,
  },
}
/** The entry point of the command is run, not imported. */
const COMMAND = 'cli'

/** Globals of every runtime; the streams must not need any other. */
const WEB = [
  'ReadableStream',
  'WritableStream',
  'TransformStream',
  'TextEncoder',
  'TextDecoder',
  'Uint8Array',
  'performance',
  'setTimeout',
  'clearTimeout',
] as const

interface PackageJson {
  exports: Record<string, string | Record<string, string>>
  bin?: Record<string, string>
  tsup: { entry: string[] }
  dependencies: Record<string, string>
}

const run = promisify(execFile)
const root = fileURLToPath(new URL('..', import.meta.url))
const readMeta = (folder: string): PackageJson =>
  JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as PackageJson
const meta = readMeta(root)
const externals = [...Object.keys(meta.dependencies), 'node:*']
const entryOf = (door: string): string => (door === 'index' ? '.' : `./${door}`)
const namesOf = (door: string): string[] => [...(DOORS[door]?.names ?? [])].sort()
const doors = readdirSync(join(root, 'src'), { withFileTypes: true })
  .filter((entry) => entry.isFile())
  .map((entry) => entry.name.replace(/\.ts$/, ''))
  .sort()
const importable = doors.filter((door) => door !== COMMAND)

describe('the entry points', () => {
  it('are all exported, with their types first', () => {
    const { './package.json': self, ...exported } = meta.exports
    expect(self).toBe('./package.json')
    expect(exported).toEqual(
      Object.fromEntries(
        importable.map((door) => [
          entryOf(door),
          { types: `./dist/${door}.d.ts`, default: `./dist/${door}.js` },
        ]),
      ),
    )
    for (const conditions of Object.values(exported))
      expect(Object.keys(conditions)).toEqual(['types', 'default'])
  })

  it('are all built', () => {
    expect([...meta.tsup.entry].sort()).toEqual(doors.map((door) => `src/${door}.ts`))
  })

  it('include the command', () => {
    const command = doors.includes(COMMAND)
      ? { 'sse-stream-kit': `./dist/${COMMAND}.js` }
      : undefined
    expect(meta.bin).toEqual(command)
  })

  it('are all listed here', () => {
    expect(Object.keys(DOORS)).toEqual(importable)
  })

  it.each(importable)('%s exports exactly the listed names', async (door) => {
    const names = Object.keys(await import(`../src/${door}.ts`))
    expect(names.sort()).toEqual(namesOf(door))
  })
})

describe('the options', () => {
  it('show their default and their unit', () => {
    const exported = importable
      .flatMap((door) => readFileSync(join(root, 'src', `${door}.ts`), 'utf8').match(/\w+/g) ?? [])
      .filter((name) => /Options$|^ByteWatermarks$/.test(name))
    const files = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
    const sources = new Map(
      files
        .filter((name) => name.endsWith('.ts'))
        .map((name) => [name, readFileSync(join(root, 'src', name), 'utf8')]),
    )
    expect(exported).toContain('ProxyOptions')
    expect(undocumentedOptions(sources, (name) => exported.includes(name))).toEqual([])
  })
})

interface Lockfile {
  packages: Record<string, { optionalDependencies?: Record<string, string>; resolved?: string }>
}

describe('the lockfile', () => {
  const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as Lockfile

  // npm omits packages that its registry does not have, and then `npm ci` rejects the file on every
  // machine, because of a build that only another one needs.
  it('contains the builds for other platforms', () => {
    const names = Object.values(packages).flatMap((entry) =>
      Object.keys(entry.optionalDependencies ?? {}),
    )
    const paths = Object.keys(packages)
    const isLocked = (name: string): boolean =>
      paths.some((path) => path.endsWith(`node_modules/${name}`))
    expect(names.length).toBeGreaterThan(0)
    expect(names.filter((name) => !isLocked(name))).toEqual([])
  })

  it('names no registry', () => {
    expect(Object.values(packages).filter(({ resolved }) => resolved !== undefined)).toEqual([])
  })
})

describe('the packed tarball', () => {
  let folder = ''
  let consumer = ''
  let installed = ''

  // As npm installs it, without a registry: unpacked, next to its dependencies.
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'sse-stream-kit-package-'))
    consumer = join(folder, 'consumer')
    installed = join(consumer, 'node_modules', 'sse-stream-kit')
    await mkdir(installed, { recursive: true })
    const tarball = await packProject(root, folder)
    await run('tar', ['-xzf', tarball, '-C', installed, '--strip-components=1'])
    for (const name of [...Object.keys(meta.dependencies), '@types/node']) {
      const link = join(consumer, 'node_modules', name)
      await mkdir(dirname(link), { recursive: true })
      await symlink(join(root, 'node_modules', name), link, 'junction')
    }
    await writeFile(join(consumer, 'package.json'), '{ "private": true, "type": "module" }')
    await cp(join(root, 'test/matrix/smoke.mjs'), join(consumer, 'smoke.mjs'))
  }, 120_000)

  afterAll(() => rm(folder, { recursive: true, force: true }))

  const bundle = async (entry: string, options: BuildOptions): Promise<string> => {
    const { outputFiles } = await build({
      entryPoints: [join(installed, 'dist', entry)],
      bundle: true,
      write: false,
      logLevel: 'silent',
      ...options,
    })
    return outputFiles?.[0]?.text ?? ''
  }

  it('contains the build, the licence, the docs and the changelog, and nothing else', async () => {
    const files = await readdir(installed, { recursive: true })
    const isKnown = (name: string): boolean =>
      /^(dist(\/[\w.-]+\.(js|js\.map|d\.ts))?|(docs|examples)(\/.+)?|package\.json|README\.md|LICENSE|CHANGELOG\.md)$/.test(
        name.replaceAll('\\', '/'),
      )
    expect(files.filter((name) => !isKnown(name))).toEqual([])
    expect(files).toEqual(expect.arrayContaining(['LICENSE', 'CHANGELOG.md', 'package.json']))
  })

  it('maps each file of the build to its source', async () => {
    const scripts = (await readdir(join(installed, 'dist'))).filter((name) => name.endsWith('.js'))
    for (const name of scripts) {
      const code = readFileSync(join(installed, 'dist', name), 'utf8')
      expect(code.trimEnd().split('\n').at(-1)).toBe(`//# sourceMappingURL=${name}.map`)
      const map = JSON.parse(readFileSync(join(installed, 'dist', `${name}.map`), 'utf8'))
      expect(map.sourcesContent).toHaveLength(map.sources.length)
      for (const source of map.sources) expect(source).toMatch(/^\.\.\/src\//)
    }
  })

  // npm's package page resolves links against the root of `repository`; here they are files of the tarball.
  it('contains every link target of README and docs', async () => {
    const { repository } = JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8'))
    expect(repository).toEqual({
      type: 'git',
      url: 'git+https://github.com/sse-stream-kit/sse-stream-kit.git',
    })
    const files = await readdir(installed, { recursive: true })
    const pages = files.filter((name) => /^(README|docs\/.*)\.md$/.test(name.replaceAll('\\', '/')))
    const broken = pages.flatMap((page) => {
      const text = readFileSync(join(installed, page), 'utf8').replace(/^```[\s\S]*?^```/gm, '')
      const links = [...text.matchAll(/\]\(([^)\s]+)\)/g)].map(([, link = '']) => link)
      return links
        .filter((link) => !/^(https?:|mailto:|#)/.test(link))
        .filter((link) => !existsSync(join(installed, dirname(page), link.replace(/#.*$/, ''))))
        .map((link) => `${page}: ${link}`)
    })
    expect(pages).toContain('README.md')
    expect(broken).toEqual([])
  })

  it('loads every entry point by import and by require, each name once', async () => {
    const { stdout } = await run(process.execPath, ['smoke.mjs'], { cwd: consumer })
    const found = (JSON.parse(stdout) as { doors: Record<string, string[]> }).doors
    expect(found).toEqual(
      Object.fromEntries(importable.map((door) => [entryOf(door), namesOf(door)])),
    )
  }, 30_000)

  /** Bytes that are loaded at once; a lazy import is a separate file. */
  const loadedBytes = async (door: string): Promise<number> => {
    const { metafile } = await build({
      entryPoints: [join(installed, 'dist', `${door}.js`)],
      bundle: true,
      splitting: true,
      minify: true,
      format: 'esm',
      platform: 'node',
      external: externals,
      outdir: folder,
      write: false,
      metafile: true,
      logLevel: 'silent',
    })
    const loaded = new Set<string>()
    const load = (path: string): void => {
      if (loaded.has(path)) return
      loaded.add(path)
      for (const { kind, path: next, external } of metafile.outputs[path]?.imports ?? []) {
        if (kind === 'import-statement' && external !== true) load(next)
      }
    }
    const isEntry = (path: string): boolean =>
      metafile.outputs[path]?.entryPoint?.endsWith(`${door}.js`) === true
    for (const path of Object.keys(metafile.outputs).filter(isEntry)) load(path)
    return [...loaded].reduce((sum, path) => sum + (metafile.outputs[path]?.bytes ?? 0), 0)
  }

  it.each(doors.filter((door) => door !== COMMAND))(
    'keeps %s below its size ceiling',
    async (door) => {
      const bytes = await loadedBytes(door)
      expect(bytes).toBeGreaterThan(1_000)
      expect(bytes).toBeLessThanOrEqual(DOORS[door]?.maxBytes ?? 0)
    },
  )

  it('runs its streams with only the globals of every runtime', async () => {
    const script = await bundle('streams.js', { format: 'iife', globalName: 'kit' })
    const context = createContext(Object.fromEntries(WEB.map((name) => [name, globalThis[name]])))
    runInContext(script, context)
    const received: unknown = await runInContext(
      `(async () => {
        if (typeof process + typeof Buffer + typeof require !== 'undefined'.repeat(3)) throw 'Not bare'
        const source = new ReadableStream({
          start(controller) {
            controller.enqueue({ event: 'greeting', data: 'Hello' })
            controller.close()
          },
        })
        const body = source.pipeThrough(new kit.SseEncoder()).pipeThrough(new kit.FrameSplitter())
        const relayed = kit.relay(body, [kit.HeartbeatInjector.stage(), kit.MetricsTap.stage({})])
        const events = []
        for await (const event of relayed.pipeThrough(new kit.SseDecoder())) events.push(event)
        return JSON.stringify(events)
      })()`,
      context,
    )
    expect(received).toBe('[{"data":"Hello","lastEventId":"","event":"greeting"}]')
  })

  const DOM = ['dom', 'dom.iterable', 'dom.asynciterable']

  const compile = async (
    name: string,
    code: string,
    { types, lib }: { types: string[]; lib: string[] },
  ): Promise<ts.Program> => {
    const file = join(consumer, name)
    await writeFile(file, code)
    return ts.createProgram([file], {
      target: ts.ScriptTarget.ES2022,
      module: ts.ModuleKind.NodeNext,
      moduleResolution: ts.ModuleResolutionKind.NodeNext,
      lib: ['es2022', ...lib].map((part) => `lib.${part}.d.ts`),
      types,
      noEmit: true,
      strict: true,
      exactOptionalPropertyTypes: true,
      noUncheckedIndexedAccess: true,
      verbatimModuleSyntax: true,
      skipLibCheck: false,
      skipDefaultLibCheck: true,
    })
  }

  const typeErrors = (program: ts.Program): string[] =>
    ts
      .getPreEmitDiagnostics(program)
      .filter((diagnostic) => {
        // Errors in the types of other packages are not ours.
        const path = diagnostic.file?.fileName ?? ''
        return path === '' || path.startsWith(consumer)
      })
      .map(
        ({ file, messageText }) =>
          `${file?.fileName}: ${ts.flattenDiagnosticMessageText(messageText, ' ')}`,
      )

  const PIPELINE = `
    import { type DecodedSseEvent, HeartbeatInjector, relay, SseDecoder, SseEncoder } from 'sse-stream-kit/streams'
    const body: ReadableStream<Uint8Array> | null = new Response('data: 1').body
    if (body === null) throw new Error('No body')
    const events: ReadableStream<DecodedSseEvent> = body
      .pipeThrough(new HeartbeatInjector({ intervalMs: undefined }))
      .pipeThrough(new SseDecoder({ maxEventBytes: 100, onRetry: (retryMs: number) => retryMs }))
    for await (const { data, lastEventId } of events) data + lastEventId
    const encoder: TransformStream<{ data: string }, Uint8Array> = new SseEncoder()
    export const relayed: ReadableStream<Uint8Array> = relay(encoder.readable, [HeartbeatInjector.stage()])
  `

  it("type-checks strictly without Node's types", async () => {
    expect(typeErrors(await compile('edge.ts', PIPELINE, { types: [], lib: DOM }))).toEqual([])
  }, 60_000)

  const EVERY_DOOR = importable
    .map((door, index) => `export * as door${index} from 'sse-stream-kit${entryOf(door).slice(1)}'`)
    .join('\n')

  it('type-checks every entry point strictly', async () => {
    const program = await compile('node.ts', EVERY_DOOR, { types: ['node'], lib: DOM })
    expect(typeErrors(program)).toEqual([])
  }, 60_000)

  // Other versions of TypeScript and of Node's types: `npm run test:types`.
  it("type-checks every entry point strictly with only Node's types", async () => {
    const program = await compile('no-dom.ts', EVERY_DOOR, { types: ['node'], lib: [] })
    expect(typeErrors(program)).toEqual([])
    const refusals = notUndefined(program, (path) => path.startsWith(join(installed, 'dist')))
    expect(refusals, 'optional properties accept undefined').toEqual([])
  }, 60_000)

  it('refuses wrong types', async () => {
    const wrong = PIPELINE.replace('maxEventBytes: 100', "maxEventBytes: '100'")
    expect(typeErrors(await compile('wrong.ts', wrong, { types: [], lib: DOM }))).toEqual([
      expect.stringMatching(/Type 'string' is not assignable to type 'number'/),
    ])
  }, 60_000)
})
