import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { must, run } from './run-command.ts'

const INSTALL_MS = 120_000

const installs = new Map<string, Promise<string>>()

/**
 * Installs packages from the registry once, in a permanent folder of this user, and returns the folder.
 *
 * @param node the Node to install with, where the choice of versions depends on it
 */
export function cachedInstall(specs: readonly string[], node?: string): Promise<string> {
  const key = specs.join('+').replaceAll('/', '-')
  const installed = installs.get(key) ?? install(key, specs, node)
  installs.set(key, installed)
  return installed
}

/** Renames the folder when it is complete, so that other processes never see an incomplete install. */
async function install(key: string, specs: readonly string[], node?: string): Promise<string> {
  const cache = join(tmpdir(), `sse-stream-kit-installs-${userInfo().uid}`)
  const folder = join(cache, key)
  if (existsSync(folder)) return folder
  await mkdir(cache, { recursive: true, mode: 0o700 })
  const draft = await mkdtemp(join(cache, 'draft-'))
  try {
    await writeFile(join(draft, 'package.json'), '{ "private": true }')
    await npmInstall(specs, draft, node)
    await rename(draft, folder)
  } catch (error) {
    await rm(draft, { recursive: true, force: true })
    if (!existsSync(folder)) throw error
  }
  return folder
}

/** Path of a Node of this major: the running one, or one from the registry. */
export async function nodeBinary(major: string): Promise<string> {
  if (process.versions.node.split('.')[0] === major) return process.execPath
  const name = `node-${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`
  return join(await cachedInstall([`${name}@${major}`]), 'node_modules', name, 'bin', 'node')
}

export async function npmInstall(
  specs: readonly string[],
  cwd: string,
  node: string = process.execPath,
): Promise<void> {
  const flags = ['--ignore-scripts', '--no-audit', '--no-fund', '--prefer-offline']
  const ran = run('npm', ['install', ...flags, ...specs], { cwd, timeout: INSTALL_MS, node })
  await must(`install ${specs.length > 0 ? specs.join(' ') : 'the dependencies'}`, ran)
}
