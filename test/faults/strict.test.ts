import { spawn } from 'node:child_process'
import { mkdir, rm } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { expect, it, onTestFinished } from 'vitest'

const file = (path: string): string => fileURLToPath(new URL(path, import.meta.url))

it('L10 promise that is rejected unheard: none, in a process that would end of it', async () => {
  // Inside of the project, so that its packages are found.
  const outfile = file(`../../node_modules/.cache/strict-driver-${process.pid}.mjs`)
  await mkdir(file('../../node_modules/.cache'), { recursive: true })
  onTestFinished(() => rm(outfile, { force: true }))
  await build({
    entryPoints: [file('strict-driver.ts')],
    bundle: true,
    platform: 'node',
    format: 'esm',
    external: ['undici', 'eventsource-parser'],
    alias: {
      'sse-stream-kit/streams': file('../../src/streams.ts'),
      'sse-stream-kit/node': file('../../src/node.ts'),
      'sse-stream-kit/testing': file('../../src/testing.ts'),
      'sse-stream-kit': file('../../src/index.ts'),
    },
    outfile,
  })
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
