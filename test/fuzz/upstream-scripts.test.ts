import fc from 'fast-check'
import { type SseProxy, type StreamSummary, sseProxy } from 'sse-stream-kit'
import { fakeUpstream, step, type UpstreamStep } from 'sse-stream-kit/testing'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { someChunks, someSse } from '../support/sse/some-sse.ts'
import { type Ending, judgeScript } from './judge-script.ts'
import { readResponse } from './read-response.ts'

const SEED = 20_261_121

let script: UpstreamStep[] = []
const upstream = fakeUpstream(() => script)
const summaries: StreamSummary[] = []
const proxies = new Map<string, SseProxy>()
beforeAll(async () => {
  const url = await upstream.listen()
  const options = {
    heartbeat: { intervalMs: 1, frame: ': beat\n\n' },
    truncation: 'pass' as const,
    timeouts: { headersMs: 5_000, firstEventMs: 5_000, idleMs: 5_000 },
    onEnd: (summary: StreamSummary) => void summaries.push(summary),
  }
  const heartbeat = { intervalMs: 1, frame: ': beat\n' }
  proxies.set('plain', sseProxy(url, options))
  proxies.set(
    'backpressured',
    sseProxy(url, { ...options, heartbeat, watermark: { highBytes: 8 } }),
  )
  proxies.set('transformed', sseProxy(url, { ...options, transform: (event) => event }))
})
afterAll(async () => {
  for (const proxy of proxies.values()) await proxy.close({ drainMs: 0 })
  await upstream.close()
})

const someWait = fc.constantFrom(undefined, undefined, undefined, 0, 3)
const someSteps = someChunks(someSse).chain((chunks) =>
  fc
    .array(someWait, { minLength: chunks.length, maxLength: chunks.length })
    .map((waits) => ({ chunks, waits })),
)

it.each(['plain', 'backpressured', 'transformed'])(
  'lets a client see no more than the upstream said, and no end that was none: %s',
  async (name) => {
    await fc.assert(
      fc.asyncProperty(
        someSteps,
        fc.constantFrom<Ending>('end', 'cut', 'reset'),
        fc.constantFrom(undefined, undefined, undefined, 'gzip' as const),
        async ({ chunks, waits }, ending, coding) => {
          script = [
            ...(coding === undefined ? [] : [step.coding(coding)]),
            step.status(200),
            ...chunks.flatMap((chunk, index) => {
              const waitMs = waits[index]
              return waitMs === undefined ? [step.raw(chunk)] : [step.wait(waitMs), step.raw(chunk)]
            }),
            step[ending](),
          ]
          summaries.length = 0
          const response = await (proxies.get(name) as SseProxy)(new Request('http://client.test/'))
          const answer = await readResponse(response)
          expect(summaries).toHaveLength(1)
          expect(
            judgeScript({
              sent: Buffer.concat(chunks),
              ending,
              isCoded: coding !== undefined,
              isTransformed: name === 'transformed',
              heartbeat: Buffer.from(name === 'backpressured' ? ': beat\n' : ': beat\n\n'),
              status: response.status,
              answer,
              verdict: (summaries[0] as StreamSummary).verdict,
            }),
          ).toEqual([])
        },
      ),
      { seed: SEED, numRuns: 80 },
    )
  },
)
