// Lists what one idle stream holds in the process of a proxy, by class, from heap snapshots:
//   npm run bench:idle -- [--streams=200] [--write]
// `--write` puts the result into docs/performance.md.
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { writeHeapSnapshot } from 'node:v8'
import { OURS, PIPE } from '../proxy/proxies/names.ts'
import { NODE_PROXIES } from '../proxy/proxies/node-proxies.ts'
import { table } from '../proxy/report/figures.ts'
import { type HeapRow, heapObjects } from './heap-objects.ts'
import type { PeerOrder } from './peer-process.ts'

/** Streams before the first snapshot: what they leave behind belongs to the process. */
const WARM_UP_STREAMS = 20
/** Classes that hold less are summed up. */
const MIN_BYTES = 64
const PAGE = 'docs/performance.md'

const { values } = parseArgs({
  options: {
    streams: { type: 'string', default: '200' },
    write: { type: 'boolean', default: false },
  },
})
const streams = Number(values.streams)
const peer = fork(fileURLToPath(new URL('peer-process.mjs', import.meta.url)))
const [upstreamPort] = await once(peer, 'message')
const directory = mkdtempSync(join(tmpdir(), 'sse-stream-kit-idle-'))
try {
  const piped = sumOf(await heldBy(PIPE))
  const text = report(await heldBy(OURS), piped)
  console.log(text)
  if (values.write) writeResult(text)
} finally {
  rmSync(directory, { recursive: true })
  peer.disconnect()
}
process.exit()

/** What each stream of a proxy holds, by class. */
async function heldBy(proxy: string): Promise<Map<string, HeapRow>> {
  const relay = await NODE_PROXIES.get(proxy)?.()
  if (relay === undefined) throw new Error(`There is no proxy ${proxy}`)
  const server = createServer(await relay(`http://127.0.0.1:${upstreamPort}`))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  // Both snapshots are read at the end, so that the second does not contain the first.
  const before = await snapshotWith(port, WARM_UP_STREAMS)
  const after = await snapshotWith(port, streams)
  server.close()
  server.closeAllConnections()
  const warm = heapObjects(before)
  const rows = [...heapObjects(after)].map(([name, { count, bytes }]): [string, HeapRow] => {
    const old = warm.get(name) ?? { count: 0, bytes: 0 }
    // The bundler renames some classes.
    return [
      name.replace(/^_/, ''),
      { count: (count - old.count) / streams, bytes: (bytes - old.bytes) / streams },
    ]
  })
  return new Map(rows)
}

async function snapshotWith(port: number, more: number): Promise<string> {
  const order: PeerOrder = { port, streams: more }
  peer.send(order)
  await once(peer, 'message')
  await wait(300)
  return writeHeapSnapshot(join(directory, `${port}-${more}.heapsnapshot`))
}

function report(held: ReadonlyMap<string, HeapRow>, pipedBytes: number): string {
  const own = classesOfPackage()
  const ours = new Map([...held].filter(([name]) => own.has(name)))
  const others = new Map([...held].filter(([name]) => !own.has(name)))
  const head = ['', 'objects', 'bytes']
  return [
    `Measured on Node ${process.versions.node}, one of ${streams} idle streams after four events: ` +
      `${bytesText(sumOf(held))} bytes of heap, of them ${bytesText(sumOf(ours))} of this package. ` +
      `A stream of ${PIPE} holds ${bytesText(pipedBytes)}.`,
    table('Classes of this package', head, linesOf(ours)),
    table('Node, undici, and values without a class of their own', head, linesOf(others)),
  ].join('\n\n')
}

function linesOf(rows: ReadonlyMap<string, HeapRow>): string[][] {
  const sorted = [...rows].toSorted(([, a], [, b]) => b.bytes - a.bytes)
  const shown = sorted.filter(([, { bytes }]) => bytes >= MIN_BYTES)
  const rest = sumOf(rows) - sumOf(new Map(shown))
  return [
    ...shown.map(([name, { count, bytes }]) => [name, count.toFixed(1), bytesText(bytes)]),
    ['all others', '', bytesText(rest)],
    ['together', '', bytesText(sumOf(rows))],
  ]
}

function sumOf(rows: ReadonlyMap<string, HeapRow>): number {
  return [...rows.values()].reduce((sum, { bytes }) => sum + bytes, 0)
}

function bytesText(bytes: number): string {
  return Math.round(bytes).toLocaleString('en-US')
}

function classesOfPackage(): Set<string> {
  const files = readdirSync('src', { recursive: true, encoding: 'utf8' })
  // The command and the testing tools are not in the proxy.
  const sources = files.filter((file) => /^(?!cli|testing).*\.ts$/.test(file))
  return new Set(
    sources.flatMap((file) =>
      [
        ...readFileSync(join('src', file), 'utf8').matchAll(
          /^(?:export )?(?:abstract )?class (\w+)/gm,
        ),
      ].map(([, name]) => name as string),
    ),
  )
}

function writeResult(text: string): void {
  const page = readFileSync(PAGE, 'utf8')
  const marked = /(<!-- bench-idle:start -->\n)[\s\S]*(<!-- bench-idle:end -->)/
  if (!marked.test(page)) throw new Error(`${PAGE} has no markers for the results`)
  writeFileSync(
    PAGE,
    page.replace(marked, (_, start, end) => `${start}${text}\n${end}`),
  )
}
