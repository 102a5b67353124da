import { sseProxy } from '../../index.ts'
import type { HostProcess } from '../host-process.ts'
import { listen } from '../listen.ts'
import { bufferingRelay } from './buffering-relay.ts'
import { ColumnsDisplay, MIN_COLUMNS } from './columns-display.ts'
import { type DemoDisplay, type DemoSide, SIDE_NAMES } from './demo-display.ts'
import { type DemoFlags, demoFlags } from './demo-flags.ts'
import { demoOrigin, WARM_UP_PATH } from './demo-origin.ts'
import { figuresTable } from './figures-table.ts'
import { HEARTBEAT_FRAME } from './heartbeat-frame.ts'
import { judgeAnswers, MAX_FIRST_TOKEN_SHARE } from './judge-answers.ts'
import { LinesDisplay } from './lines-display.ts'
import { type MeasuredAnswer, measureAnswer } from './measure-answer.ts'
import { wrapText } from './wrap-text.ts'

/** How long the built-in upstream takes at speed 1, in seconds. */
const DEMO_S = 9.3

/**
 * Shows what buffering costs. Resolves to the exit code: 0 if the first streamed token was early and both responses
 * are the same.
 *
 * @throws {@link UsageError} for wrong arguments
 */
export async function demoCommand(args: readonly string[], host: HostProcess): Promise<number> {
  const flags = demoFlags(args)
  const display = chooseDisplay(flags, host)
  // The display has hidden the cursor, which nothing else shows again.
  const onSignal = (signal: 'SIGINT' | 'SIGTERM'): void => {
    display.stop()
    host.exit(signal === 'SIGINT' ? 130 : 143)
  }
  host.on('SIGINT', onSignal)
  host.on('SIGTERM', onSignal)
  try {
    const { remote } = flags
    const target =
      remote === undefined ? 'a built-in upstream' : remote.url.origin + remote.url.pathname
    const time = remote === undefined ? `, for about ${Math.ceil(DEMO_S / flags.speed)} s` : ''
    const intro = `The same prompt through two proxies, to ${target}${time}:`
    host.stdout.write(`\n${fitting(intro, '', host)}\n\n`)
    const { streamed, buffered } = await runBoth(flags, display)
    return report(streamed, buffered, host)
  } finally {
    display.stop()
    host.off('SIGINT', onSignal)
    host.off('SIGTERM', onSignal)
  }
}

function chooseDisplay({ isPlain }: DemoFlags, { stdout, env }: HostProcess): DemoDisplay {
  const isTerminal = stdout.isTTY === true && env['TERM'] !== 'dumb' && !env['NO_COLOR']
  const isWide = (stdout.columns ?? 80) >= MIN_COLUMNS
  return isTerminal && isWide && !isPlain ? new ColumnsDisplay(stdout) : new LinesDisplay(stdout)
}

async function runBoth(
  flags: DemoFlags,
  display: DemoDisplay,
): Promise<Record<DemoSide, MeasuredAnswer>> {
  const origin = await demoOrigin(flags)
  const proxy = sseProxy(origin.url, {
    heartbeat: { intervalMs: flags.heartbeatMs, frame: HEARTBEAT_FRAME },
  })
  const servers = {
    buffered: await listen(bufferingRelay(origin.url), 0, '127.0.0.1'),
    streamed: await listen(proxy, 0, '127.0.0.1'),
  }
  const measure = async (side: DemoSide): Promise<MeasuredAnswer> => {
    const answer = await measureAnswer(servers[side].url + flags.path, flags.body, {
      onToken: (text, atMs) => display.token(side, text, atMs),
      onHeartbeat: (atMs) => display.heartbeat(side, atMs),
    })
    display.done(side, answer.totalMs)
    return answer
  }
  try {
    // The first response of a process includes the time to load code.
    const silent = { onToken: () => {}, onHeartbeat: () => {} }
    const urls = Object.values(servers).map(({ url }) => url + WARM_UP_PATH)
    await Promise.all(urls.map((url) => measureAnswer(url, '{}', silent)))
    display.start()
    const [buffered, streamed] = await Promise.all([measure('buffered'), measure('streamed')])
    return { buffered, streamed }
  } finally {
    display.stop()
    await proxy.close({ drainMs: 0 })
    await Promise.all([servers.buffered.close(0), servers.streamed.close(0), origin.close()])
  }
}

function report(streamed: MeasuredAnswer, buffered: MeasuredAnswer, host: HostProcess): number {
  const table = figuresTable([
    [SIDE_NAMES.buffered, buffered],
    [SIDE_NAMES.streamed, streamed],
  ])
  const failures = judgeAnswers(streamed, buffered)
  const verdict = failures.map((failure) => `FAIL  ${failure}`)
  if (failures.length === 0) {
    verdict.push(
      `PASS  the first token of ${SIDE_NAMES.streamed} came before ${MAX_FIRST_TOKEN_SHARE * 100} % of the time was over`,
      `      both answers are the same ${streamed.bytes.length} bytes, heartbeats aside`,
    )
  }
  const lines = verdict.map((line) => fitting(line.slice(6), line.slice(0, 6), host))
  const legend = table.some((line) => line.includes('*')) ? ['* the shorter wait'] : []
  host.stdout.write(`\n${[...table, ...legend, '', ...lines].join('\n')}\n`)
  return failures.length > 0 ? 1 : 0
}

/** Wraps a text to the terminal's width, with a label before the first line and the others indented to match. */
function fitting(text: string, label: string, { stdout }: HostProcess): string {
  const width = stdout.isTTY === true ? (stdout.columns ?? 80) - label.length : Infinity
  return wrapText(text, width)
    .map((line, index) => (index === 0 ? label : ' '.repeat(label.length)) + line)
    .join('\n')
}
