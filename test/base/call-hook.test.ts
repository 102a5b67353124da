import { sseProxy } from 'sse-stream-kit'
import { toNodeHandler } from 'sse-stream-kit/node'
import {
  FrameSplitter,
  MetricsTap,
  relay,
  SseDecoder,
  type Stage,
  StageStream,
  WatermarkBuffer,
} from 'sse-stream-kit/streams'
import { fakeUpstream, serve, step, streamOf } from 'sse-stream-kit/testing'
import { describe, expect, it } from 'vitest'
import { bytes } from '../support/sse/bytes.ts'
import { warningsDuring } from '../support/warnings-during.ts'
import { watchRejections } from '../support/watch-rejections.ts'

watchRejections()

type Hook = () => never

/** Runs a request through a proxy without sockets. */
async function proxied(
  options: Parameters<typeof sseProxy>[1],
  upstream: Parameters<typeof sseProxy>[0] = 'http://up.test',
): Promise<void> {
  const { fetch } = fakeUpstream([step.send({ data: '1' })])
  const proxy = sseProxy(upstream, { fetch, ...options })
  await (await proxy(new Request('http://client.test/'))).text()
}

const read = async (stream: ReadableStream<unknown>): Promise<void> => {
  for await (const item of stream) void item
}
const EVENTS = ': hi\nid: 1\nretry: 5\ndata: 1\n\ndata: 2'
const piped = (transform: TransformStream<Uint8Array, unknown>) =>
  read(streamOf(EVENTS).pipeThrough(transform))

const passing = (stage: Partial<Stage<Uint8Array, Uint8Array>>): Stage<Uint8Array, Uint8Array> => {
  let emit: (chunk: Uint8Array) => void
  return {
    start: (output) => {
      emit = (chunk) => output.emit(chunk)
    },
    push: (chunk) => emit(chunk),
    ...stage,
  }
}

/** Some events for a reader that reads one at a time. */
const slow = async (transform: TransformStream<Uint8Array, Uint8Array>): Promise<void> => {
  const source = streamOf(Array.from({ length: 4 }, () => bytes('data: 1\n\n')))
  const reader = source.pipeThrough(transform).getReader()
  while (!(await reader.read()).done) await new Promise((resolve) => setTimeout(resolve))
}

const sink = { streamStarted: () => {}, streamEnded: () => {} }
const CALLERS: [string, (hook: Hook) => Promise<void>][] = [
  ['onEnd', (onEnd) => proxied({ onEnd })],
  ['metrics.streamStarted', (streamStarted) => proxied({ metrics: { ...sink, streamStarted } })],
  ['metrics.streamEnded', (streamEnded) => proxied({ metrics: { ...sink, streamEnded } })],
  ['retry.on', (on) => proxied({ retry: { on } })],
  ['breaker.on', (on) => proxied({ breaker: { on } })],
  ['fallbackOn', (fallbackOn) => proxied({ fallbackOn }, ['http://one.test', 'http://two.test'])],
  ['forwarded.clientAddress', (clientAddress) => proxied({ forwarded: { clientAddress } })],
  ['upstream', (pick) => proxied({ allowedUpstreams: ['http://up.test'] }, pick)],
  ['onEnd', (onEnd) => piped(new MetricsTap({ onEnd }))],
  ['onFirst', (onFirst) => piped(new MetricsTap({ onFirst }))],
  ['onTail', (onTail) => piped(new FrameSplitter({ onTail }))],
  ['onId', (onId) => piped(new SseDecoder({ onId }))],
  ['onRetry', (onRetry) => piped(new SseDecoder({ onRetry }))],
  ['onComment', (onComment) => piped(new SseDecoder({ onComment }))],
  ['onPause', (onPause) => slow(new WatermarkBuffer({ highWaterMark: 1, onPause }))],
  ['onResume', (onResume) => slow(new WatermarkBuffer({ highWaterMark: 1, onResume }))],
  ['onFull', (onFull) => slow(new StageStream(passing({}), { onFull }))],
  ['onWanted', (onWanted) => slow(new StageStream(passing({}), { onWanted }))],
  ['dispose', (dispose) => piped(new StageStream(passing({ dispose })))],
  [
    'fail',
    async (fail) => {
      const broken = streamOf([{ error: new Error('cut') }])
      await read(relay(broken, [passing({ fail })])).catch(() => {})
    },
  ],
  [
    'flushMsFor',
    async (flushMsFor) => {
      const broken = streamOf(['data: 1\n\n', { error: new Error('cut') }])
      await read(relay(broken, [], { flushMsFor })).catch(() => {})
    },
  ],
]

class UsersError extends Error {
  override readonly name = 'UsersError'
}
const COMPLAINT = 'the database is away'
const FAILING: [string, Hook][] = [
  [
    'throws',
    function thrower() {
      throw new UsersError(COMPLAINT, { cause: new Error('cable cut') })
    },
  ],
  [
    'returns a promise that rejects',
    async function rejecter() {
      throw new UsersError(COMPLAINT, { cause: new Error('cable cut') })
    } as unknown as Hook,
  ],
  [
    'returns what only looks like a promise, and rejects',
    function rejecter() {
      // biome-ignore lint/suspicious/noThenProperty: query builders have one
      return { then: (_: unknown, reject: (e: Error) => void) => reject(new UsersError(COMPLAINT)) }
    } as unknown as Hook,
  ],
]

describe.each(FAILING)('a hook that %s', (kind, hook) => {
  it.each(CALLERS)(
    'is reported as %s and ends neither the stream nor the process',
    async (name, run) => {
      const warnings = await warningsDuring(() => run(hook))
      const warning = warnings.find(({ cause }) => cause instanceof UsersError)
      expect(warning).toMatchObject({
        name: 'SseKitWarning',
        code: 'SSE_HOOK',
        message: `The hook ${name} failed; the stream was not affected`,
        detail: expect.stringMatching(
          /^UsersError: the database is away\n\s+at .*(thrower|rejecter|then)/,
        ),
      })
      if (kind.includes('looks')) return
      expect((warning as { detail?: string }).detail).toMatch(
        /\ncaused by: Error: cable cut\n\s+at /,
      )
    },
  )
})

describe('a function that must not be async', () => {
  it.each(['retry.on', 'breaker.on', 'fallbackOn', 'forwarded.clientAddress', 'upstream'])(
    'is reported for %s, also where its promise resolves',
    async (name) => {
      const run = CALLERS.find(([known]) => known === name)?.[1]
      const warnings = await warningsDuring(() => run?.((async () => true) as unknown as Hook))
      expect(warnings[0]?.cause).toMatchObject({
        name: 'TypeError',
        message: `${name} must be synchronous: got a promise`,
      })
    },
  )

  it('ends the stream for transform, and handles its promise', async () => {
    const transform = (async () => {
      throw new UsersError(COMPLAINT)
    }) as unknown as () => null
    const codes: unknown[] = []
    const warnings = await warningsDuring(async () => {
      const onEnd = ({ code }: { code?: string }) => codes.push(code)
      await expect(proxied({ transform, onEnd })).rejects.toMatchObject({
        code: 'SSE_TRANSFORM',
        cause: { message: expect.stringContaining('must be synchronous') },
      })
    })
    expect(codes).toEqual(['SSE_TRANSFORM'])
    expect(warnings.map(({ cause }) => cause)).toEqual([new UsersError(COMPLAINT)])
  })
})

describe('a report', () => {
  const reported = async (thrown: unknown): Promise<Error & { detail?: string }> => {
    const throwing = () => {
      throw thrown
    }
    const warnings = await warningsDuring(() => piped(new MetricsTap({ onEnd: throwing })))
    expect(warnings).toHaveLength(1)
    return warnings[0] as Error
  }

  it.each<[string, unknown, string]>([
    ['a string', 'no', 'no'],
    ['nothing', undefined, 'undefined'],
    ['null', null, 'null'],
    ['an error without a stack', Object.assign(new Error('x'), { stack: '' }), 'Error: x'],
    ['an object that cannot be shown', Object.create(null), 'a value that cannot be shown'],
  ])('shows %s', async (_, thrown, detail) => {
    expect((await reported(thrown)).detail).toBe(detail)
  })

  it('stops after the fifth cause of a circular error', async () => {
    const error = new Error('round')
    error.cause = error
    expect((await reported(error)).detail?.match(/caused by/g)).toHaveLength(4)
  })

  it('goes to reportError if the runtime has no process warnings', async () => {
    const { emitWarning } = process
    const runtime = globalThis as { reportError?: unknown }
    const reports: unknown[] = []
    runtime.reportError = (error: unknown) => reports.push(error)
    Object.defineProperty(process, 'emitWarning', { value: undefined, configurable: true })
    try {
      const onEnd = () => {
        throw new UsersError(COMPLAINT)
      }
      await piped(new MetricsTap({ onEnd }))
    } finally {
      Object.defineProperty(process, 'emitWarning', { value: emitWarning, configurable: true })
      delete runtime.reportError
    }
    expect(reports).toEqual([
      new Error('The hook onEnd failed; the stream was not affected', {
        cause: new UsersError(COMPLAINT),
      }),
    ])
  })

  it('names toNodeHandler’s own hooks', async () => {
    const { createServer } = await import('node:http')
    const handler = toNodeHandler(
      () => {
        throw new Error('handler')
      },
      {
        onError: async () => {
          throw new UsersError(COMPLAINT)
        },
      },
    )
    const server = createServer(handler)
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as { port: number }
    const warnings = await warningsDuring(async () => {
      expect((await fetch(`http://127.0.0.1:${port}/`)).status).toBe(500)
    })
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
    expect(warnings.map(({ message }) => message)).toEqual([
      'The hook onError failed; the stream was not affected',
    ])
  })

  it('names a handler of serve and a script of a fake upstream', async () => {
    const failing = () => {
      throw new UsersError(COMPLAINT)
    }
    const warnings = await warningsDuring(async () => {
      const server = await serve(failing)
      expect((await fetch(server.url)).status).toBe(500)
      await server.close()
      await fakeUpstream(failing)
        .fetch('http://up.test/')
        .catch(() => {})
    })
    expect(warnings.map(({ message }) => message)).toEqual([
      'A handler threw, and its client was sent a 500',
      'The script of a fake upstream failed, and its connection was reset',
    ])
  })
})
