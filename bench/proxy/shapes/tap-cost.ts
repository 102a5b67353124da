import { DIALECTS, dialectOf } from '../../../src/llm/dialects.ts'
import { LlmTap } from '../../../src/llm/llm-tap.ts'
import { ContentTimes } from '../../../src/proxy/content-times.ts'
import { anthropicEvents, chatEvents } from '../../chat-events.ts'

const EVENTS = 1_000
const TURNS = 20
const ROUNDS = 30

/**
 * Measures what dialect, verdict, usage and the times of content cost an event that is relayed on its own, in
 * microseconds of CPU time: the best of many rounds, since the whole proxy differs more from run to run.
 */
export function tapCost(api: 'chat' | 'anthropic'): number {
  const { chunks } = (api === 'chat' ? chatEvents : anthropicEvents)(EVENTS, 3)
  const guess = dialectOf(api === 'chat' ? '/v1/chat/completions' : '/v1/messages')
  let best = Infinity
  for (let round = 0; round < ROUNDS; round++) {
    const content = new ContentTimes()
    const tap = new LlmTap({
      dialects: DIALECTS,
      guess,
      isGiven: false,
      requestedAt: performance.now(),
      now: () => performance.now(),
      failsTruncated: true,
      onContent: (now) => content.add(now),
    })
    let passed = 0
    tap.start({
      emit: () => {
        passed++
      },
      error: () => {},
      desiredSize: 1,
      queued: 0,
    })
    const before = process.cpuUsage()
    for (let turn = 0; turn < TURNS; turn++) for (const chunk of chunks) tap.push(chunk)
    const { user, system } = process.cpuUsage(before)
    best = Math.min(best, (user + system) / (EVENTS * TURNS))
    if (passed !== EVENTS * TURNS) throw new Error(`The tap passed ${passed} chunks`)
  }
  return best
}
