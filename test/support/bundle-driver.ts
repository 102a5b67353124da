import { mkdir, rm } from 'node:fs/promises'
import { basename } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { onTestFinished } from 'vitest'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** Bundles a program with the sources it imports, for a process of its own; removes the file when the test is over. */
export async function bundleDriver(entry: URL): Promise<string> {
  // Inside the project, so that its packages are found.
  const folder = `${root}node_modules/.cache`
  const name = basename(fileURLToPath(entry), '.ts')
  const outfile = `${folder}/${name}-${process.pid}.mjs`
  await mkdir(folder, { recursive: true })
  onTestFinished(() => rm(outfile, { force: true }))
  await build({
    entryPoints: [fileURLToPath(entry)],
    bundle: true,
    platform: 'node',
    format: 'esm',
    external: ['undici', 'eventsource-parser', 'selfsigned'],
    alias: {
      'sse-stream-kit/streams': `${root}src/streams.ts`,
      'sse-stream-kit/metrics': `${root}src/metrics.ts`,
      'sse-stream-kit/node': `${root}src/node.ts`,
      'sse-stream-kit/testing': `${root}src/testing.ts`,
      'sse-stream-kit': `${root}src/index.ts`,
    },
    outfile,
    logLevel: 'silent',
  })
  return outfile
}
