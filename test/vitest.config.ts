import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import type { ViteUserConfig } from 'vitest/config'
import { LongestFirst } from './support/longest-first.ts'

const src = (path: string): string => fileURLToPath(new URL(`../src/${path}`, import.meta.url))

const config: ViteUserConfig = {
  test: {
    root: fileURLToPath(new URL('..', import.meta.url)),
    include: ['test/**/*.test.ts'],
    setupFiles: ['test/quiet-warnings.ts'],
    // vitest leaves one core free by default, which on two cores doubles the time. Half as many workers again than cores:
    // many tests wait for sockets and processes.
    maxWorkers: Math.ceil(availableParallelism() * 1.5),
    sequence: { sequencer: LongestFirst },
    // A test that waits forever fails within seconds.
    testTimeout: 15_000,
  },
  resolve: {
    alias: [
      { find: /^sse-stream-kit$/, replacement: src('index.ts') },
      { find: /^sse-stream-kit\/(.+)$/, replacement: `${src('')}$1.ts` },
    ],
  },
}

export { config as default }
