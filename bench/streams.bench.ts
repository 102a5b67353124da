import { anthropicEvents, chatEvents, cutInto } from './chat-events.ts'
import {
  BARE,
  CONTENDERS,
  DECODER,
  FORWARDING,
  FUSED,
  IDENTITY,
  PARSER_CHAIN,
  PIPED,
  REJOINING,
  SPLITTER,
} from './contenders.ts'
import { BETTER_SSE, encoders } from './encoders.ts'
import { ANTHROPIC, jsonDecoders, OPENAI } from './json-decoders.ts'
import { bytesPerEvent, memory } from './memory.ts'
import { publishedFigures } from './published-figures.ts'
import { median, race, speedRatio, type Times, type Work } from './race.ts'
import { readingWork } from './reading-work.ts'

interface Suite {
  name: string
  works: readonly Work[]
  events: number
  baselines: readonly string[]
}

const KIB_16 = '16 KiB chunks'
const ONE_EVENT = 'one event a chunk'
const BYTES_64 = '64-byte chunks'
const ENCODED_EVENTS = 2000

// Enough events to warm up a contender, few enough for many runs within its time.
const SHAPES = [
  { name: KIB_16, stream: cutInto(16_384, chatEvents(10_000, 1)) },
  { name: ONE_EVENT, stream: chatEvents(2000, 1) },
  { name: BYTES_64, stream: cutInto(64, chatEvents(1000, 1)) },
]
const BASELINES = [BARE, FORWARDING, REJOINING, IDENTITY, PARSER_CHAIN]

const SUITES: readonly Suite[] = [
  ...SHAPES.map(({ name, stream }) => ({
    name,
    works: CONTENDERS.map((contender) => readingWork(contender, stream)),
    events: stream.events,
    baselines: BASELINES,
  })),
  {
    name: 'Decode and parse JSON, chat completions, one event a chunk',
    works: jsonDecoders(OPENAI, chatEvents(2000, 1)),
    events: 2000,
    baselines: [OPENAI],
  },
  {
    name: 'Decode and parse JSON, Messages API, one event a chunk',
    works: jsonDecoders(ANTHROPIC, anthropicEvents(2000, 1)),
    events: 2000,
    baselines: [ANTHROPIC],
  },
  {
    name: 'Encode events with a name and an id, each into a chunk of its own',
    works: encoders(ENCODED_EVENTS),
    events: ENCODED_EVENTS,
    baselines: [BETTER_SSE],
  },
]

interface Target {
  contender: string
  baseline: string
  suite: string
  atLeast: number
  aim?: number
}

const TARGETS: readonly Target[] = [
  { contender: DECODER, baseline: PARSER_CHAIN, suite: ONE_EVENT, atLeast: 2, aim: 3 },
  { contender: DECODER, baseline: PARSER_CHAIN, suite: KIB_16, atLeast: 1 },
  // Its chunks cut events, which a splitter has to join.
  { contender: SPLITTER, baseline: REJOINING, suite: KIB_16, atLeast: 0.85 },
  ...[ONE_EVENT, BYTES_64].flatMap((suite) => [
    { contender: SPLITTER, baseline: FORWARDING, suite, atLeast: 0.9 },
    { contender: FUSED, baseline: PIPED, suite, atLeast: 2.5 },
  ]),
]

/** Allowed heap growth per event: 1 MB in a million events of 180 bytes is noise and not a leak. */
const MAX_BYTES_PER_EVENT = 1

const ROUNDS = 7

const results = new Map<string, Times>()
for (const suite of SUITES) {
  const onRound = (round: number): void => progress(`${suite.name}: round ${round} of ${ROUNDS}`)
  const times = await race(suite.works, suite.events, { rounds: ROUNDS, timeMs: 80, onRound })
  results.set(suite.name, times)
  printSuite(suite, times)
}
progress('the work of token-streaming-proxy')
await printPublished()
progress('memory: a million events')
const checkpoints = await memory(1_000_000, 100_000)
const slope = bytesPerEvent(checkpoints)
printMemory()
printTargets()
if (slope > MAX_BYTES_PER_EVENT) process.exitCode = 1

/** Prints the tables to stdout at the end. */
function progress(line: string): void {
  process.stderr.write(`${line}\n`)
}

function printTable(title: string, rows: readonly (readonly string[])[]): void {
  const [head = '', ...body] = rows.map((cells) => `| ${cells.join(' | ')} |`)
  console.log(
    [`\n**${title}**\n`, head, `|${'---|'.repeat(rows[0]?.length ?? 0)}`, ...body].join('\n'),
  )
}

function printSuite({ name, baselines }: Suite, times: Times): void {
  const rows = [...times].map(([work, rounds]) => [
    work,
    median(rounds).toFixed(3),
    ...baselines.map((baseline) => speedRatio(times, work, baseline).toFixed(2)),
  ])
  printTable(name, [['', 'us an event', ...baselines.map((base) => `x ${base}`)], ...rows])
}

async function printPublished(): Promise<void> {
  const rows = (await publishedFigures()).map(({ work, published, measured, megabytes }) => [
    work,
    published.toFixed(0) + (megabytes ? ` (${megabytes.published} MB/s)` : ''),
    measured.toFixed(0) + (megabytes ? ` (${megabytes.measured.toFixed(0)} MB/s)` : ''),
    (measured / published).toFixed(1),
  ])
  const head = ['', 'published, in Python', 'here, a second of CPU time', 'x']
  printTable('Events a second beside those that token-streaming-proxy publishes', [head, ...rows])
}

function printMemory(): void {
  const rows = checkpoints.map(({ events, heapBytes, rssBytes }) => [
    String(events),
    (heapBytes / 1e6).toFixed(2),
    (rssBytes / 1e6).toFixed(1),
  ])
  const head = ['events', 'heap and buffers, MB', 'resident, MB']
  printTable('A million events through the fused line, memory after a collection', [head, ...rows])
}

function printTargets(): void {
  console.log()
  for (const { contender, baseline, suite, atLeast, aim } of TARGETS) {
    const value = speedRatio(results.get(suite) as Times, contender, baseline)
    const verdict = value >= atLeast ? 'reached' : 'missed'
    const distance =
      aim !== undefined && value < aim ? `${(aim - value).toFixed(2)} away` : 'reached'
    console.log(
      `- target ${contender} >= ${atLeast} x ${baseline}, ${suite}: ${verdict} (${value.toFixed(2)})` +
        (aim === undefined ? '' : `; aim ${aim}: ${distance}`),
    )
  }
  const verdict = slope <= MAX_BYTES_PER_EVENT ? 'reached' : 'missed'
  console.log(
    `- target heap growth <= ${MAX_BYTES_PER_EVENT} byte an event: ${verdict} (${slope.toFixed(3)})`,
  )
}
