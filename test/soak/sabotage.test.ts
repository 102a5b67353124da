import { execFile } from 'node:child_process'
import { rm } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { expect, it, onTestFinished } from 'vitest'

const file = (path: string): string => fileURLToPath(new URL(path, import.meta.url))

it('fails, and names the stream and the seed, where a break is made to look like an end', async () => {
  // Inside of the project, so that its packages are found.
  const outfile = file(`../../node_modules/.cache/soak-${process.pid}.mjs`)
  onTestFinished(() => rm(outfile, { force: true }))
  await build({
    entryPoints: [file('../../bench/soak/main.ts')],
    bundle: true,
    platform: 'node',
    format: 'esm',
    packages: 'external',
    outfile,
  })
  const args = ['--expose-gc', outfile, '--streams=48', '--seed=5', '--sabotage=end']
  const { exitCode, output } = await new Promise<{ exitCode: unknown; output: string }>(
    (resolve) => {
      execFile(process.execPath, args, (error, stdout) =>
        resolve({ exitCode: error?.code ?? 0, output: stdout }),
      )
    },
  )
  expect(output).toMatch(/BREACH stream \d+ \(.+\/reads.*\): end is clean, not broken/)
  expect(output).toContain('Seed 5')
  expect(exitCode).toBe(1)
})
