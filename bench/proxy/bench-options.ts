import { parseArgs } from 'node:util'
import { nodeBinary } from '../../test/support/packaging/cached-install.ts'
import { fileLimit } from './processes/file-limit.ts'
import { QUICK } from './proxies/names.ts'
import type { Api } from './upstream/stream-bytes.ts'

/** What can be measured on its own. */
export type Measure =
  | 'steady'
  | 'saturation'
  | 'requests'
  | 'at-once'
  | 'memory'
  | 'stalled'
  | 'closes'

export interface BenchOptions {
  measures: ReadonlySet<Measure>
  /** Whether a proxy is measured. */
  isWanted: (name: string) => boolean
  isFull: boolean
  /** Path of the Node that runs the proxies. */
  node: string
  cpuProfiles: string | undefined
  write: boolean
  api: Api
  rounds: number
  /** Fewer where one takes long. */
  roundsOf: (streams: number) => number
  /** Rounds of the memory of so many streams, each with new processes. */
  memoryRoundsOf: (streams: number) => number
  steadyStreams: readonly number[]
  memoryStreams: readonly number[]
  stalledStreams: number
  /** Between two events of one of so many streams: by default 15,000 events a second in all. */
  everyMsOf: (streams: number) => number
  steadyMs: number
  connections: number
  requestsMs: number
  atOnce: number
  closes: number
  closesRounds: number
  flowMs: number
  floodEvents: number
}

/** The shapes, and what is measured in each; either can be asked for. */
const SHAPES: ReadonlyMap<string, readonly Measure[]> = new Map([
  ['steady', ['steady', 'saturation']],
  ['requests', ['requests', 'at-once']],
  ['streams', ['memory', 'stalled', 'closes']],
])
const EVENTS_A_MS = 15
/** Files of a proxy that are not connections of streams, such as those that it keeps open for later requests. */
const OTHER_FILES = 500

/** The clients have one port each, of those that the system gives to connections from one address to another. */
const MAX_STREAMS = 20_000

export async function benchOptions(args?: string[]): Promise<BenchOptions> {
  const { values } = parseArgs({
    ...(args === undefined ? {} : { args }),
    options: {
      shape: { type: 'string', multiple: true },
      only: { type: 'string', multiple: true },
      full: { type: 'boolean', default: false },
      all: { type: 'boolean', default: false },
      node: { type: 'string', default: process.execPath },
      'cpu-prof': { type: 'string' },
      write: { type: 'boolean', default: false },
      api: { type: 'string', default: 'chat' },
      rounds: { type: 'string' },
      streams: { type: 'string' },
      'every-ms': { type: 'string' },
      'window-ms': { type: 'string' },
      connections: { type: 'string', default: '20' },
    },
  })
  const isFull = values.full
  const rounds = Number(values.rounds ?? (isFull ? 5 : 3))
  const most = Math.min(Math.floor((fileLimit() - OTHER_FILES) / 2), MAX_STREAMS)
  const upToMost = (counts: number[]): number[] => [...counts.filter((count) => count < most), most]
  const streams = values.streams?.split(',').map(Number)
  const everyMs = values['every-ms']
  const windowMs = values['window-ms'] === undefined ? undefined : Number(values['window-ms'])
  const wanted = values.only ?? (isFull || values.all ? [''] : undefined)
  return {
    measures: new Set((values.shape ?? [...SHAPES.keys()]).flatMap(measuresOf)),
    isWanted: (name) => wanted?.some((part) => name.includes(part)) ?? QUICK.includes(name),
    isFull,
    node: /^\d+$/.test(values.node) ? await nodeBinary(values.node) : values.node,
    cpuProfiles: values['cpu-prof'],
    write: values.write,
    api: values.api === 'anthropic' ? 'anthropic' : 'chat',
    rounds,
    memoryRoundsOf: (count) => (isFull && count < 5000 ? Math.min(rounds, 3) : 1),
    roundsOf: (count) => (count <= 500 ? rounds : Math.min(rounds, 3)),
    steadyStreams:
      streams ?? (isFull ? upToMost([100, 300, 500, 1000, 2000, 5000]) : [Math.min(300, most)]),
    memoryStreams: streams ?? (isFull ? upToMost([1000, 5000]) : [Math.min(1000, most)]),
    stalledStreams: isFull ? 50 : 10,
    everyMsOf: (count) =>
      everyMs === undefined ? Math.ceil(count / EVENTS_A_MS) : Number(everyMs),
    steadyMs: windowMs ?? (isFull ? 1000 : 500),
    connections: Number(values.connections),
    requestsMs: windowMs ?? (isFull ? 250 : 200),
    atOnce: 300,
    closes: 200,
    closesRounds: isFull ? rounds : 1,
    flowMs: windowMs ?? (isFull ? 3000 : 700),
    floodEvents: isFull ? 6000 : 1500,
  }
}

function measuresOf(name: string): readonly Measure[] {
  const measures = SHAPES.get(name) ?? [...SHAPES.values()].flat().filter((one) => one === name)
  if (measures.length > 0) return measures
  const known = [...SHAPES].flat(2).join(', ')
  throw new RangeError(`There is no shape ${name}. Choose one of: ${known}`)
}
