import { execFile } from 'node:child_process'
import { cp, mkdir, readdir, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'

const TSUP = 'node_modules/tsup/dist/cli-default.js'
const run = promisify(execFile)
const PACKED = [
  'package.json',
  'tsconfig.json',
  'src',
  'docs',
  'examples',
  'README.md',
  'LICENSE',
  'CHANGELOG.md',
]

/**
 * Builds and packs the project in `root`, and returns the path of the tarball in `into`. Passes `flags` to tsup.
 *
 * Works in a copy, so that it neither reads nor changes the project's `dist`.
 */
export async function packProject(
  root: string,
  into: string,
  flags: readonly string[] = [],
): Promise<string> {
  const copy = join(into, 'source')
  await mkdir(copy, { recursive: true })
  const there = await readdir(root)
  for (const name of PACKED.filter((entry) => there.includes(entry)))
    await cp(join(root, name), join(copy, name), { recursive: true })
  await symlink(join(root, 'node_modules'), join(copy, 'node_modules'), 'junction')
  const limits = { cwd: copy, timeout: 300_000 }
  await run(process.execPath, [TSUP, '--silent', ...flags], limits)
  // Its scripts would build again.
  await run('npm', ['pack', '--ignore-scripts', '--pack-destination', into], limits)
  const tarball = (await readdir(into)).find((name) => name.endsWith('.tgz'))
  if (tarball === undefined) throw new Error(`npm pack left no tarball in ${into}`)
  return join(into, tarball)
}
