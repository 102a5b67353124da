import { demoCommand } from './demo/demo-command.ts'
import { DEMO_USAGE } from './demo/demo-usage.ts'
import { UsageError } from './flags/usage-error.ts'
import type { HostProcess } from './host-process.ts'
import { packageVersion } from './package-version.ts'
import { proxyCommand } from './proxy/proxy-command.ts'
import { PROXY_USAGE } from './proxy/proxy-usage.ts'

const REASONS: Readonly<Record<string, string>> = {
  EADDRINUSE: 'the port is in use',
  EACCES: 'listening on this port needs more privileges',
  EADDRNOTAVAIL: 'this machine does not have the address',
  ENOTFOUND: 'the host name cannot be resolved',
}

/** Runs the command that the arguments name. Resolves to the exit code and never rejects. */
export async function main(args: readonly string[], host: HostProcess): Promise<number> {
  // A closed output pipe (`| head`) must not break running streams.
  host.stdout.on('error', () => {})
  const isDemo = args[0] === 'demo'
  try {
    const [usage, command, rest] = isDemo
      ? ([DEMO_USAGE, demoCommand, args.slice(1)] as const)
      : ([PROXY_USAGE, proxyCommand, args] as const)
    if (rest.includes('--help') || rest.includes('-h')) {
      host.stdout.write(usage)
      return 0
    }
    if (rest.includes('--version') || rest.includes('-v')) {
      host.stdout.write(`${packageVersion()}\n`)
      return 0
    }
    return await command(rest, host)
  } catch (error) {
    if (error instanceof UsageError) {
      const help = isDemo ? 'demo --help' : '--help'
      host.stderr.write(`sse-stream-kit: ${error.message} (${help} lists all flags)\n`)
      return 2
    }
    host.stderr.write(`sse-stream-kit: ${oneLine(error)}\n`)
    return 1
  }
}

function oneLine(error: unknown): string {
  const { code, port, address, hostname } = error as Record<string, string | undefined>
  const reason = code === undefined ? undefined : REASONS[code]
  if (reason !== undefined) {
    const place = [address ?? hostname, port].filter((part) => part !== undefined).join(':')
    return `Cannot listen on ${place}: ${reason}`
  }
  return (error instanceof Error ? error.message : String(error)).replaceAll(/\s+/g, ' ')
}
