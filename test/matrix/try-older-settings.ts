import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { cachedInstall } from '../support/packaging/cached-install.ts'
import { must, run } from '../support/packaging/run-command.ts'

const RUN_MS = 60_000

/** `require()` gives every entry point, also in a package without `"type": "module"`. */
export async function tryCommonJs(folder: string, node: string): Promise<string> {
  const code = `
    const { sseProxy } = require('sse-stream-kit')
    const { toNodeHandler } = require('sse-stream-kit/node')
    toNodeHandler(sseProxy('http://127.0.0.1:9'))
  `
  await writeFile(join(folder, 'common.cjs'), code)
  const options = { cwd: folder, timeout: RUN_MS, node }
  // No flag and no warning.
  const output = await must('require the package', run(node, ['common.cjs'], options))
  if (output !== '') throw new Error(`require() is not quiet:\n${output}`)
  return 'require() works'
}

/** Only the main entry point resolves; the others need `node16`, which the error recommends. */
export async function tryNode10Resolution(folder: string): Promise<string> {
  const tsc = join(await cachedInstall(['typescript@~5.9']), 'node_modules/typescript/bin/tsc')
  const types = join(await cachedInstall(['@types/node@^20.1']), 'node_modules/@types')
  const compile = async (name: string, code: string, module: string, resolution: string) => {
    await writeFile(join(folder, `${name}.mts`), code)
    const flags = [
      '--noEmit',
      '--strict',
      '--target',
      'es2022',
      '--skipDefaultLibCheck',
      '--typeRoots',
      types,
    ]
    const how = ['--types', 'node', '--module', module, '--moduleResolution', resolution]
    const args = [tsc, ...flags, ...how, `${name}.mts`]
    return run(process.execPath, args, { cwd: folder, timeout: RUN_MS })
  }
  const main = "import { sseProxy } from 'sse-stream-kit'\nsseProxy('http://127.0.0.1:9')\n"
  const other = "import { toNodeHandler } from 'sse-stream-kit/node'\ntoNodeHandler\n"
  await must('find the main entry point', compile('main', main, 'esnext', 'node10'))
  const { output } = await compile('other', other, 'esnext', 'node10')
  if (!/error TS2307: .*moduleResolution/s.test(output)) throw new Error(`Found:\n${output}`)
  await must('find another with node16', compile('other', other, 'node16', 'node16'))
  return 'finds the main entry point only; node16 finds all'
}

/** Jest needs Node's own modules: its CommonJS loader rejects the package. */
export async function tryJest(folder: string, node: string): Promise<string> {
  await mkdir(join(folder, 'tests'))
  const code = `
    import { encodeEvent } from 'sse-stream-kit/streams'
    test('encodes', () => expect(encodeEvent({ data: '1' })).toBe('data: 1\\n\\n'))
  `
  await writeFile(join(folder, 'tests/native.test.mjs'), code)
  await writeFile(
    join(folder, 'tests/common.test.cjs'),
    "test('loads', () => { require('sse-stream-kit/streams') })",
  )
  const config = { testEnvironment: 'node', transform: {}, testMatch: ['**/tests/*.test.*js'] }
  await writeFile(join(folder, 'jest.config.json'), JSON.stringify(config))
  const jest = (file: string, flags: string[]) => {
    const args = [...flags, 'node_modules/jest/bin/jest.js', '--config', 'jest.config.json', file]
    return run(node, args, { cwd: folder, timeout: RUN_MS, node })
  }
  await must('run a native test', jest('native', ['--experimental-vm-modules']))
  const { code: exit, output } = await jest('common', [])
  if (exit === 0 || !/Must use import/.test(output)) throw new Error(`Without the flag:\n${output}`)
  return 'native modules work, its CommonJS loader does not'
}
