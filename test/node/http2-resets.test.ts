import { execFile } from 'node:child_process'
import { mkdir, rm } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { expect, it, onTestFinished } from 'vitest'

const file = (path: string): string => fileURLToPath(new URL(path, import.meta.url))

/** A process that fails did so after 1 to 500. */
const REQUESTS_EACH = process.env['CI'] ? 1_000 : 100

it('breaks thousands of HTTP/2 responses, none of which ends the process or looks whole', {
  timeout: 150_000,
}, async () => {
  // Inside of the project, so that its packages are found.
  const outfile = file(`../../node_modules/.cache/http2-resets-${process.pid}.mjs`)
  await mkdir(file('../../node_modules/.cache'), { recursive: true })
  onTestFinished(() => rm(outfile, { force: true }))
  await build({
    entryPoints: [file('http2-resets-driver.ts')],
    bundle: true,
    platform: 'node',
    format: 'esm',
    external: ['undici', 'eventsource-parser'],
    alias: {
      'sse-stream-kit/node': file('../../src/node.ts'),
      'sse-stream-kit/testing': file('../../src/testing.ts'),
      'sse-stream-kit': file('../../src/index.ts'),
    },
    outfile,
  })
  const ran = await new Promise<{ error: unknown; stdout: string; stderr: string }>((resolve) => {
    execFile(process.execPath, [outfile, String(REQUESTS_EACH)], (error, stdout, stderr) =>
      resolve({ error: error?.signal ?? error?.code, stdout, stderr }),
    )
  })
  expect(ran).toEqual({ error: undefined, stdout: expect.any(String), stderr: '' })
  expect(JSON.parse(ran.stdout)).toEqual({
    [`/head "", code 2`]: REQUESTS_EACH,
    [`/event ${JSON.stringify('data: 1\n\n')}, code 2`]: REQUESTS_EACH,
  })
})
