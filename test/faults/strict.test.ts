import { spawn } from 'node:child_process'
import { expect, it } from 'vitest'
import { bundleDriver } from '../support/bundle-driver.ts'

it('L10 unhandled rejections: none, in a process that exits for one', async () => {
  const outfile = await bundleDriver(new URL('strict-driver.ts', import.meta.url))
  const child = spawn(process.execPath, ['--unhandled-rejections=strict', outfile])
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8')
    stream.on('data', (text: string) => {
      output += text
    })
  }
  const exitCode = await new Promise((resolve) => child.on('close', resolve))
  expect(output).toBe('33 streams have ended\n')
  expect(exitCode).toBe(0)
})
