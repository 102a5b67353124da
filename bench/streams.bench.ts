import { chatEvents, cutInto } from './chat-events.ts'
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
import { bytesPerEvent, memory } from './memory.ts'
import { race, type Times } from './race.ts'

const KIB_16 = '16 KiB chunks'
const ONE_EVENT = 'one event a chunk'
const BYTES_64 = '64-byte chunks'

// Enough events to warm up a contender, few enough for many runs within its time.
const SHAPES = [
  { name: KIB_16, stream: cutInto(16_384, chatEvents(10_000, 1)) },
  { name: ONE_EVENT, stream: chatEvents(2000, 1) },
  { name: BYTES_64, stream: cutInto(64, chatEvents(1000, 1)) },
]
const BASELINES = [BARE, FORWARDING, REJOINING, IDENTITY, PARSER_CHAIN]

const TARGETS = [
  { contender: DECODER, baseline: PARSER_CHAIN, shape: ONE_EVENT, atLeast: 1.3 },
  { contender: DECODER, baseline: PARSER_CHAIN, shape: KIB_16, atLeast: 1 },
  // Its chunks cut events, which a splitter has to join.
  { contender: SPLITTER, baseline: REJOINING, shape: KIB_16, atLeast: 0.85 },
  ...[ONE_EVENT, BYTES_64].flatMap((shape) => [
    { contender: SPLITTER, baseline: FORWARDING, shape, atLeast: 0.9 },
    { contender: FUSED, baseline: PIPED, shape, atLeast: 2.5 },
  ]),
]

/** Allowed heap growth per event: 1 MB in a million events of 180 bytes is noise and not a leak. */
const MAX_BYTES_PER_EVENT = 1

const ROUNDS = 7

const results = new Map<string, Times>()
for (const { name, stream } of SHAPES) {
  const onRound = (round: number): void => progress(`${name}: round ${round} of ${ROUNDS}`)
  const times = await race(CONTENDERS, stream, { rounds: ROUNDS, timeMs: 80, onRound })
  results.set(name, times)
  printTable(name, times)
}
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

function printTable(shape: string, times: Times): void {
  console.log(`\n**${shape}**\n`)
  console.log(`| | us an event | ${BASELINES.map((name) => `x ${name}`).join(' | ')} |`)
  console.log(`|---|---${'|---'.repeat(BASELINES.length)}|`)
  for (const [name, rounds] of times) {
    const ratios = BASELINES.map((baseline) => ratio(times, name, baseline).toFixed(2))
    console.log(`| ${name} | ${median(rounds).toFixed(3)} | ${ratios.join(' | ')} |`)
  }
}

function printMemory(): void {
  console.log('\n**A million events through the fused line, memory after a collection**\n')
  console.log('| events | heap and buffers, MB | resident, MB |')
  console.log('|---|---|---|')
  for (const { events, heapBytes, rssBytes } of checkpoints) {
    console.log(`| ${events} | ${(heapBytes / 1e6).toFixed(2)} | ${(rssBytes / 1e6).toFixed(1)} |`)
  }
}

function printTargets(): void {
  console.log()
  for (const { contender, baseline, shape, atLeast } of TARGETS) {
    const value = ratio(results.get(shape) as Times, contender, baseline)
    const verdict = value >= atLeast ? 'reached' : 'missed'
    console.log(
      `- target ${contender} >= ${atLeast} x ${baseline}, ${shape}: ${verdict} (${value.toFixed(2)})`,
    )
  }
  const verdict = slope <= MAX_BYTES_PER_EVENT ? 'reached' : 'missed'
  console.log(
    `- target heap growth <= ${MAX_BYTES_PER_EVENT} byte an event: ${verdict} (${slope.toFixed(3)})`,
  )
}

/** Speed of a contender relative to the baseline: the median over the rounds of both. */
function ratio(times: Times, contender: string, baseline: string): number {
  const own = times.get(contender) ?? []
  const others = times.get(baseline) ?? []
  return median(own.map((time, round) => (others[round] as number) / time))
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] as number
}
