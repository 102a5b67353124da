import { isCredentialHeader, type ProxyOptions } from '../../index.ts'
import { corsFlag } from '../flags/cors-flag.ts'
import { headerFlags } from '../flags/header-flags.ts'
import { numberFlag } from '../flags/number-flag.ts'
import { pathRewriteFlag } from '../flags/path-rewrite-flag.ts'
import { type FlagKind, type Flags, readFlags } from '../flags/read-flags.ts'
import { urlFlag } from '../flags/url-flag.ts'
import { UsageError } from '../flags/usage-error.ts'

const KINDS = {
  upstream: 'value',
  port: 'value',
  host: 'value',
  cors: 'values',
  header: 'values',
  'path-rewrite': 'values',
  'forward-credentials': 'switch',
  'no-forward-credentials': 'switch',
  connections: 'value',
  http2: 'switch',
  'heartbeat-ms': 'value',
  'idle-ms': 'value',
  'high-water': 'value',
  'low-water': 'value',
  'drain-ms': 'value',
  log: 'switch',
} as const satisfies Record<string, FlagKind>

type ProxyFlag = keyof typeof KINDS

/** Node replaces longer delays by 1 ms. */
const MAX_DELAY_MS = 2 ** 31 - 1

/** The settings that the proxy's flags give. */
export interface ProxyFlags {
  upstream: URL
  port: number
  host: string
  drainMs: number
  isLogged: boolean
  /** Origins of pages that may call the proxy. */
  corsOrigins: readonly string[]
  options: ProxyOptions
}

/**
 * Reads the arguments of the proxy.
 *
 * @throws {@link UsageError} that names the flag
 */
export function proxyFlags(args: readonly string[]): ProxyFlags {
  const flags = readFlags(args, KINDS, { p: 'port' })
  const number = (flag: ProxyFlag, min: number, max?: number): number | undefined =>
    numberFlag(flag, flags.value(flag), { min, max })
  const upstream = flags.value('upstream')
  if (upstream === undefined) throw new UsageError('--upstream URL is missing')
  const headers = headerFlags(flags.values('header'))
  const heartbeatMs = number('heartbeat-ms', 0, MAX_DELAY_MS)
  const idleMs = number('idle-ms', 0, MAX_DELAY_MS)
  return {
    upstream: urlFlag('upstream', upstream),
    port: number('port', 0, 65_535) ?? 8080,
    host: flags.value('host') ?? '127.0.0.1',
    drainMs: number('drain-ms', 0, MAX_DELAY_MS) ?? 30_000,
    isLogged: flags.has('log'),
    corsOrigins: corsFlag(flags.values('cors')),
    options: {
      headers,
      path: pathRewriteFlag(flags.values('path-rewrite')),
      forwardCredentials: forwardsCredentials(flags, headers),
      heartbeat: heartbeatMs === 0 ? false : { intervalMs: heartbeatMs },
      timeouts: { idleMs: idleMs === 0 ? false : idleMs },
      watermark: watermark(number('high-water', 1), number('low-water', 0)),
      pool: { connections: number('connections', 1), allowH2: flags.has('http2') },
    },
  }
}

function forwardsCredentials(flags: Flags<ProxyFlag>, headers: Headers): boolean {
  const isOn = flags.has('forward-credentials')
  const isOff = flags.has('no-forward-credentials')
  if (isOn && isOff) {
    throw new UsageError('--forward-credentials and --no-forward-credentials exclude each other')
  }
  // With a key of its own, the proxy must not send the client's key as well.
  return isOn || (!isOff && ![...headers.keys()].some(isCredentialHeader))
}

function watermark(
  highBytes: number | undefined,
  lowBytes: number | undefined,
): ProxyOptions['watermark'] {
  // The proxy would check this too, but name its option: 65,536 is its default.
  const highest = highBytes ?? 65_536
  if (lowBytes !== undefined && lowBytes > highest) {
    throw new UsageError(`--low-water must be <= --high-water (${highest}): got "${lowBytes}"`)
  }
  return { highBytes, lowBytes }
}
