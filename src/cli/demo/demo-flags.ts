import { headerFlags } from '../flags/header-flags.ts'
import { numberFlag } from '../flags/number-flag.ts'
import { type FlagKind, type Flags, readFlags } from '../flags/read-flags.ts'
import { urlFlag } from '../flags/url-flag.ts'
import { UsageError } from '../flags/usage-error.ts'

const KINDS = {
  speed: 'value',
  upstream: 'value',
  path: 'value',
  header: 'values',
  model: 'value',
  prompt: 'value',
  body: 'value',
  'heartbeat-ms': 'value',
  plain: 'switch',
} as const satisfies Record<string, FlagKind>

type DemoFlag = keyof typeof KINDS

const REMOTE_ONLY = ['path', 'header', 'model', 'prompt', 'body'] as const

/** The settings that the demo's flags give. */
export interface DemoFlags {
  /** The endpoint; `undefined` for the built-in upstream. */
  remote: { url: URL; headers: Headers } | undefined
  path: string
  body: string
  speed: number
  heartbeatMs: number
  isPlain: boolean
}

/**
 * Reads the arguments of the demo.
 *
 * @throws {@link UsageError} that names the flag
 */
export function demoFlags(args: readonly string[]): DemoFlags {
  const flags = readFlags(args, KINDS)
  const upstream = flags.value('upstream')
  const stray = REMOTE_ONLY.find((name) => flags.has(name))
  if (upstream === undefined && stray !== undefined) {
    throw new UsageError(`--${stray} needs --upstream`)
  }
  if (upstream !== undefined && flags.has('speed')) {
    throw new UsageError('--speed cannot be used with --upstream: it is for the built-in upstream')
  }
  const path = flags.value('path') ?? '/v1/chat/completions'
  if (!path.startsWith('/')) {
    throw new UsageError(`--path must start with a slash: got "${path}"`)
  }
  const speed =
    numberFlag('speed', flags.value('speed'), { min: 0.1, max: 10, fraction: true }) ?? 1
  const heartbeatMs = numberFlag('heartbeat-ms', flags.value('heartbeat-ms'), { min: 1 })
  return {
    remote: upstream === undefined ? undefined : remote(upstream, path, flags),
    path,
    body: requestBody(flags),
    speed,
    heartbeatMs: heartbeatMs ?? 200 / speed,
    isPlain: flags.has('plain'),
  }
}

function remote(
  upstream: string,
  path: string,
  flags: Flags<DemoFlag>,
): { url: URL; headers: Headers } {
  const base = urlFlag('upstream', upstream)
  const headers = headerFlags(flags.values('header'))
  if (!headers.has('content-type')) headers.set('content-type', 'application/json')
  // Appended and not resolved: keeps the base path, and no path leads to another host.
  return { url: new URL(base.origin + base.pathname.replace(/\/+$/, '') + path), headers }
}

function requestBody(flags: Flags<DemoFlag>): string {
  const body = flags.value('body')
  if (body === undefined) {
    const content = flags.value('prompt') ?? 'Explain backpressure in about 120 words.'
    return JSON.stringify({
      model: flags.value('model') ?? 'gpt-4o-mini',
      stream: true,
      messages: [{ role: 'user', content }],
    })
  }
  if (flags.has('model') || flags.has('prompt')) {
    throw new UsageError('--body cannot be used with --model or --prompt: it is the whole body')
  }
  try {
    JSON.parse(body)
  } catch {
    throw new UsageError('--body must be JSON')
  }
  return body
}
