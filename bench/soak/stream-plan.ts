import { Random } from './random.ts'
import { someFrames } from './some-frames.ts'

/** Configurations of the proxy, one per lane. */
export const ROUTES = [
  'relayed',
  'transformed',
  'retried',
  'fallback',
  'http2',
  'told',
  'guarded',
  'fetched',
] as const
export type Route = (typeof ROUTES)[number]

/** What happens to a stream: what the upstream does, and after the slash what the client does. */
const SCENARIOS = {
  'complete/reads': 30,
  'complete/slow': 10,
  'complete/leaves': 7,
  'gzip/reads': 6,
  'truncated/reads': 5,
  'cut/reads': 6,
  'cut/slow': 5,
  'reset/reads': 5,
  'reset/slow': 5,
  'refused/reads': 3,
  'error/reads': 5,
  'json/reads': 3,
  'empty/reads': 1,
  'silent-head/reads': 1,
  'silent-start/reads': 1,
  'silent-middle/reads': 2,
  'silent-head/leaves': 5,
  'silent-middle/leaves': 6,
  'endless/leaves': 2,
  'endless/stalls': 1,
} as const
export type Scenario = keyof typeof SCENARIOS

/** What an upstream does before the scenario. */
export type Failure = 'status' | 'refused' | 'no-event'

/** One stream, planned before it starts. */
export interface StreamPlan {
  id: number
  route: Route
  scenario: Scenario
  /** How the first attempts fail, if another one follows. */
  failures: readonly Failure[]
  /** What the upstream sends, frame by frame; `rewritten` is the output of the transform. */
  sent: readonly Buffer[]
  rewritten: readonly Buffer[]
  /** After the frames, if the upstream stops inside one. */
  tail: Buffer
  /** Of the responses that are not event streams. */
  status: number
  json: Buffer
  /** Of the request body; 0 for a GET. */
  requestBytes: number
  /** The random numbers of this stream. */
  actSeed: number
}

const ERRORS = [400, 401, 404, 429, 500, 503] as const
const FAILURES = ['status', 'refused', 'no-event'] as const

/** Returns the plan of a stream by its number, deterministic for a seed. */
export function streamPlan(seed: number, id: number, route: Route): StreamPlan {
  const random = new Random(Math.imul(seed, 0x9e3779b1) ^ Math.imul(id + 1, 0x85ebca6b))
  const scenario = pickScenario(random)
  const isSlow = scenario.endsWith('/slow')
  const { sent, rewritten } = someFrames(random, random.between(1, isSlow ? 60 : 25))
  const [upstream] = scenario.split('/')
  const endsInside = ['truncated', 'cut', 'reset', 'silent-middle'].includes(upstream as string)
  const mostFailures = route === 'retried' ? 2 : route === 'fallback' ? 1 : 0
  return {
    id,
    route,
    scenario,
    failures: Array.from({ length: random.between(0, mostFailures) }, () => random.pick(FAILURES)),
    sent,
    rewritten,
    tail: Buffer.from(endsInside ? `data: un${'f'.repeat(random.between(0, 80))}` : ''),
    status: upstream === 'error' ? random.pick(ERRORS) : upstream === 'empty' ? 204 : 200,
    json: Buffer.from(JSON.stringify({ id, text: 'y'.repeat(random.between(0, 2_000)) })),
    requestBytes:
      random.next() < 0.5 ? random.between(1, random.next() < 0.05 ? 400_000 : 20_000) : 0,
    actSeed: random.between(0, 2 ** 31),
  }
}

function pickScenario(random: Random): Scenario {
  const weights = Object.entries(SCENARIOS) as [Scenario, number][]
  let left = random.next() * weights.reduce((sum, [, weight]) => sum + weight, 0)
  for (const [scenario, weight] of weights) {
    left -= weight
    if (left < 0) return scenario
  }
  return 'complete/reads'
}
