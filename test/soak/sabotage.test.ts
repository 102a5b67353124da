import { execFile } from 'node:child_process'
import { expect, it } from 'vitest'
import { bundleDriver } from '../support/bundle-driver.ts'

it('fails with the stream and the seed if a break looks like an end', async () => {
  const outfile = await bundleDriver(new URL('../../bench/soak/main.ts', import.meta.url))
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
