import { execFile, spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { fakeUpstream, transcript } from 'sse-stream-kit/testing'
import ts from 'typescript'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { fencedBlocks } from './docs/fenced-blocks.ts'
import { loopbackCertificate } from './support/loopback-certificate.ts'

/** A code block that a reader may paste. */
interface Block {
  path: string
  /** The line of the first line of code, from 1. */
  line: number
  language: 'ts' | 'js'
  /**
   * How it runs: as a module; `serve` or `fetch` if it is a server, with one request and a fake model;
   * `no-run` if it cannot run here, so that only its types are checked.
   */
  mode: 'module' | 'serve' | 'fetch' | 'no-run'
  code: string
}

const RUN_MS = 40_000
const KEY = 'key-of-the-test'
/** The upstream of blocks that serve. */
const MODEL_URL = 'https://api.openai.com'
const LANGUAGES: Readonly<Record<string, 'ts' | 'js'>> = {
  ts: 'ts',
  typescript: 'ts',
  js: 'js',
  javascript: 'js',
}
const root = fileURLToPath(new URL('..', import.meta.url))

function filesIn(folder: string, ending: RegExp): string[] {
  if (!existsSync(join(root, folder))) return []
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => ending.test(name))
    .map((name) => join(folder, name))
    .sort()
}

const MODES = ['serve', 'fetch', 'no-run'] as const

/** The code blocks of a text that can be checked. */
function blocksOf(path: string, text: string): Block[] {
  return fencedBlocks(text).flatMap(({ language: name, flags, line, code }) => {
    const language = LANGUAGES[name]
    if (language === undefined) return []
    const mode = MODES.find((one) => flags.includes(one)) ?? 'module'
    return [{ path, line, language, mode, code }]
  })
}

/** Only the doc comments of a source, with unchanged line numbers. */
function commentsOf(text: string): string {
  let isInside = false
  return text
    .split('\n')
    .map((line) => {
      if (/^\s*\/\*\*/.test(line)) isInside = true
      const kept = isInside
        ? line.replace(/^\s*(\/\*\*|\*(?!\/)) ?/, '').replace(/\*\/\s*$/, '')
        : ''
      if (line.includes('*/')) isInside = false
      return kept
    })
    .join('\n')
}

/** Errors in the examples of a source: each must have a title and code. */
function checkExamples(path: string, text: string): string[] {
  const breaches: string[] = []
  const lines = commentsOf(text).split('\n')
  for (const [at, line] of lines.entries()) {
    const title = /^@example(.*)$/.exec(line)?.[1]?.trim()
    if (title === undefined) continue
    if (title === '') breaches.push(`${path}:${at + 1}: an example has a title`)
    if (!/^```(ts|js)\b/.test(lines[at + 1] ?? ''))
      breaches.push(`${path}:${at + 1}: an example starts with its code`)
  }
  return breaches
}

/** JavaScript cannot declare the type of a parameter. */
const isAboutMissingTypes = (code: number): boolean => code >= 7000 && code < 8000

function checkTypes(blocks: readonly Block[]): string[] {
  const { config } = ts.readConfigFile(join(root, 'tsconfig.json'), ts.sys.readFile)
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, root, {
    allowJs: true,
    checkJs: true,
    // A pasted block may declare names for the reader's next lines.
    declaration: false,
    isolatedDeclarations: false,
    noUnusedLocals: false,
    noUnusedParameters: false,
    moduleDetection: ts.ModuleDetectionKind.Force,
  })
  // In the root, so that packages and our own entry points resolve.
  const named = new Map(
    blocks.map((block, index) => [join(root, `block-${index}.${block.language}`), block]),
  )
  const host = ts.createCompilerHost(options)
  const { fileExists, readFile, getSourceFile } = host
  host.fileExists = (name) => named.has(name) || fileExists(name)
  host.readFile = (name) => named.get(name)?.code ?? readFile(name)
  host.getSourceFile = (name, settings, ...rest) => {
    const code = named.get(name)?.code
    if (code === undefined) return getSourceFile(name, settings, ...rest)
    return ts.createSourceFile(name, code, settings)
  }
  const program = ts.createProgram([...named.keys()], options, host)
  return [...named].flatMap(([name, block]) => {
    const file = program.getSourceFile(name)
    return [...program.getSyntacticDiagnostics(file), ...program.getSemanticDiagnostics(file)]
      .filter(({ code }) => block.language === 'ts' || !isAboutMissingTypes(code))
      .map(({ start = 0, messageText }) => {
        const line = block.line + (file?.getLineAndCharacterOfPosition(start).line ?? 0)
        return `${block.path}:${line}: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`
      })
  })
}

interface Ran {
  /** Exit code of the process, or why there is none. */
  code: number | string
  output: string
}

interface RanServing extends Ran {
  /** The `authorization` of each request to the model. */
  sentKeys: (string | null)[]
}

let folder = ''
let count = 0

/** Runs code as a module in a new Node process, with the entry points of `src`. */
async function runCode(
  name: string,
  contents: string,
  language: 'ts' | 'js',
  mode: 'module' | 'serve' | 'fetch' = 'module',
): Promise<Ran> {
  const outfile = join(folder, `${count++}.mjs`)
  await build({
    stdin: { contents, sourcefile: name, resolveDir: root, loader: language },
    outfile,
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'esm',
    packages: 'external',
    tsconfig: join(root, 'tsconfig.json'),
    logLevel: 'silent',
  })
  return new Promise((resolve) => {
    const env = { ...process.env, OPENAI_API_KEY: KEY }
    const limits = { cwd: folder, env, timeout: RUN_MS, killSignal: 'SIGKILL' } as const
    const args = [join(root, 'test/docs/block-runner.mjs'), outfile, mode]
    const child = execFile(process.execPath, args, limits, (error, stdout, stderr) => {
      const code = error === null ? 0 : error.killed ? 'did not end by itself' : (error.code ?? 1)
      resolve({ code, output: stdout + stderr })
    })
    child.stdin?.end()
  })
}

/** Runs a block that serves, with a fake model. */
async function runServing({ path, line, language, mode, code }: Block): Promise<RanServing> {
  const upstream = fakeUpstream(transcript('openai-chat', { text: 'Hello from the model' }))
  const url = await upstream.listen()
  try {
    if (mode === 'module' || mode === 'no-run') throw new Error('Wanted a block that serves')
    if (!code.includes(MODEL_URL)) throw new Error(`Wanted a block that uses ${MODEL_URL}`)
    const ran = await runCode(`${path}:${line}`, code.replaceAll(MODEL_URL, url), language, mode)
    return {
      ...ran,
      sentKeys: upstream.requests.map(({ headers }) => headers.get('authorization')),
    }
  } finally {
    await upstream.close()
  }
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sse-stream-kit-docs-'))
  await symlink(join(root, 'node_modules'), join(folder, 'node_modules'), 'junction')
  // The key and certificate of the page on testing, created by its own command.
  const shell = fencedBlocks(read('docs/testing.md')).find(({ code }) => code.startsWith('openssl'))
  const [program = '', ...args] = shell?.code.trim().split(' ') ?? []
  if (spawnSync(program, args, { cwd: folder }).error === undefined) return
  const { key, cert } = await loopbackCertificate()
  await writeFile(join(folder, 'key.pem'), key)
  await writeFile(join(folder, 'cert.pem'), cert)
})

afterAll(() => rm(folder, { recursive: true, force: true }))

const pages = [...filesIn('.', /^README\.md$/), ...filesIn('docs', /\.md$/)]
const modules = filesIn('src', /\.ts$/)
const examples = filesIn('examples', /\.(ts|js|mjs)$/)
const read = (path: string): string => readFileSync(join(root, path), 'utf8')
const blocks = [
  ...pages.flatMap((path) => blocksOf(path, read(path))),
  ...modules.flatMap((path) => blocksOf(path, commentsOf(read(path)))),
]

describe('the documentation', () => {
  it('has blocks', () => expect(blocks.length).toBeGreaterThan(0))

  it('has examples with a title and code', () =>
    expect(modules.flatMap((path) => checkExamples(path, read(path)))).toEqual([]))

  it('type-checks every block', () => expect(checkTypes(blocks)).toEqual([]), 120_000)

  it('shows teardown only on the page about shutting down', () => {
    const pasted = [
      ...blocks.map(({ path, line, code }) => ({ at: `${path}:${line}`, code })),
      ...examples.map((path) => ({ at: path, code: read(path) })),
    ]
    const closing = pasted.filter(({ code }) => /\bproxy\.close\(/.test(code)).map(({ at }) => at)
    expect(closing).toEqual([expect.stringMatching(/^docs\/deployment\.md:/)])
  })

  describe.concurrent('runs', () => {
    for (const block of blocks.filter(({ mode }) => mode === 'serve' || mode === 'fetch'))
      it(
        `${block.path}:${block.line}`,
        async ({ expect }) => {
          const { code, output, sentKeys } = await runServing(block)
          expect({ code, sentKeys }, output).toEqual({ code: 0, sentKeys: [`Bearer ${KEY}`] })
          expect(output).toContain('200 text/event-stream')
          expect(output).toContain('data: [DONE]')
        },
        RUN_MS + 10_000,
      )

    for (const { path, line, language, code } of blocks.filter(({ mode }) => mode === 'module'))
      it(
        `${path}:${line}`,
        async ({ expect }) => {
          const ran = await runCode(`${path}:${line}`, code, language)
          expect(ran.code, ran.output).toBe(0)
        },
        RUN_MS + 10_000,
      )

    for (const path of examples)
      it(
        path,
        async ({ expect }) => {
          const ran = await runCode(path, `import './${path}'`, 'js')
          expect(ran.code, ran.output).toBe(0)
        },
        RUN_MS + 10_000,
      )
  })
})

describe('the checks report errors', () => {
  const block = (code: string, language: 'ts' | 'js' = 'ts'): Block => ({
    path: 'README.md',
    line: 10,
    language,
    mode: 'module',
    code,
  })

  it('finds the blocks of a page, also in lists, with their lines', () => {
    const page =
      'Text\n```ts\na()\n```\n- item\n  ```js no-run\n  b()\n    c()\n  ```\n```sh\nls\n```\n'
    expect(blocksOf('docs/a.md', page)).toEqual([
      { path: 'docs/a.md', line: 3, language: 'ts', mode: 'module', code: 'a()\n' },
      { path: 'docs/a.md', line: 7, language: 'js', mode: 'no-run', code: 'b()\n  c()\n' },
    ])
  })

  it('finds the blocks of doc comments and not those of other code', () => {
    const text =
      '/**\n * A.\n * ```ts\n * a()\n * ```\n */\nconst b = `\n```ts\nb()\n```\n`\n/** C. */\n'
    expect(blocksOf('src/a.ts', commentsOf(text))).toMatchObject([{ line: 4, code: 'a()\n' }])
  })

  it('rejects an example without a title or without code', () => {
    const text =
      '/**\n * @example\n * ```ts\n * ```\n * @example Title\n * a()\n * @example Good\n * ```ts\n */'
    expect(checkExamples('a.ts', text)).toEqual([
      'a.ts:2: an example has a title',
      'a.ts:5: an example starts with its code',
    ])
  })

  it('reports a wrong type, a wrong name and a missing export with its line', () => {
    const import_ = "import { SseDecoder } from 'sse-stream-kit'\n"
    expect(
      checkTypes([
        block(`${import_}new SseDecoder({ maxEventBytes: '1' })`),
        block("import { nothing } from 'sse-stream-kit/streams'"),
        block('missing()', 'js'),
        block(`${import_}const spare = 1\nfor await (const a of new SseDecoder().readable) a`),
        block('export const f = (a) => a', 'js'),
      ]),
    ).toEqual([
      expect.stringMatching(/^README\.md:11: Type 'string'/),
      expect.stringMatching(/^README\.md:10: .*nothing/),
      expect.stringMatching(/^README\.md:10: .*missing/),
    ])
  }, 60_000)

  it('reports a block that throws, rejects, never settles, has a bad import or a syntax error', async () => {
    const good =
      "import { encodeEvent } from 'sse-stream-kit'\nconsole.log(encodeEvent({ data: '1' }))"
    expect(await runCode('a', good, 'ts')).toEqual({ code: 0, output: 'data: 1\n\n\n' })
    expect((await runCode('a', 'throw new Error()', 'ts')).code).toBe(1)
    expect((await runCode('a', 'void Promise.reject(new Error())', 'ts')).code).toBe(1)
    expect((await runCode('a', 'await new Promise(() => {})', 'ts')).code).toBe(13)
    expect((await runCode('a', "import 'sse-stream-kit/nowhere'", 'ts')).code).toBe(1)
    await expect(runCode('a', 'const a b', 'ts')).rejects.toThrow('Expected')
  })
})
