import { readFileSync } from 'node:fs'
import { cpus, loadavg } from 'node:os'
import type { BenchOptions } from '../bench-options.ts'

/** Packages of the proxies, whose versions belong to the figures. */
const PACKAGES = [
  'undici',
  'httpxy',
  'http-proxy-middleware',
  '@fastify/reply-from',
  'h3',
  'hono',
] as const

/** What the figures depend on. */
export interface Machine {
  /** Of the Node that runs the proxies. */
  nodeVersion: string
  /** Of the servers that were measured, by name. */
  versions: ReadonlyMap<string, string>
  /** How to install those that are missing. */
  missing: readonly string[]
  /** Whether each process has its core. */
  isPinned: boolean
}

export function machineLine(
  { rounds, isFull }: BenchOptions,
  { nodeVersion, versions, missing, isPinned }: Machine,
): string {
  const packages = PACKAGES.map((name) => {
    const { version } = JSON.parse(readFileSync(`node_modules/${name}/package.json`, 'utf8'))
    return `${name} ${version}`
  })
  const installed = [...versions].map(([name, version]) => `${name} ${version}`)
  const parts = [
    `Measured on ${cpus().length} x ${cpus()[0]?.model.trim()}, proxies on Node ${nodeVersion}, with ${[...packages, ...installed].join(', ')}`,
    `${isFull ? 'full' : 'quick'} form, up to ${rounds} rounds in turn, medians`,
    isPinned ? 'the proxies on one core, all else on the others' : 'not pinned to cores',
    `load average at the end ${loadavg()[0]?.toFixed(1)}`,
    ...missing,
  ]
  return `${parts.join('; ')}.`
}
