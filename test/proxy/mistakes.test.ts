import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import {
  FrameSplitter,
  HeartbeatInjector,
  MetricsTap,
  type ProxyFetchOptions,
  type ProxyOptions,
  proxyFetch,
  SseDecoder,
  type SseProxy,
  sseProxy,
  WatermarkBuffer,
} from 'sse-stream-kit'
import { fakeUpstream, step } from 'sse-stream-kit/testing'
import { describe, expect, it } from 'vitest'
import { nearest } from '../../src/base/nearest.ts'
import { warningsDuring } from '../support/warnings-during.ts'

const REQUEST = new Request('http://client.test/')

describe('wrong options', () => {
  it.each<[unknown, RegExp]>([
    [{ retry: 3 }, /^retry must be false or an object such as \{ attempts: 3 \}: got 3$/],
    [{ retry: true }, /^retry must be false or an object .*: got true$/],
    [{ heartbeat: 15_000 }, /^heartbeat must be .* \{ intervalMs: 15_000 \}: got 15000$/],
    [{ timeouts: 5_000 }, /^timeouts must be an object such as \{ idleMs: 5_000 \}: got 5000$/],
    [{ timeouts: false }, /^timeouts must be an object such as .*: got false$/],
    [{ breaker: true }, /^breaker must be false, a policy, or an object such as .*: got true$/],
    [{ breaker: null }, /^breaker must be .*: got null$/],
    [{ watermark: 1 }, /^watermark must be an object such as .*: got 1$/],
    [{ forwarded: true }, /^forwarded must be .*: got true$/],
    [{ forwardCredentials: 'yes' }, /^forwardCredentials must be true or false: got "yes"$/],
    [{ timeout: {} }, /^options has no option "timeout". Did you mean timeouts\?$/],
    [{ heartBeat: {} }, /Did you mean heartbeat\?$/],
    [{ header: {} }, /Did you mean headers\?$/],
    [{ onend: () => {} }, /Did you mean onEnd\?$/],
    [{ color: 1 }, /^options has no option "color". Known are headers, /],
    [
      { heartbeat: { interval: 1 } },
      /^heartbeat has no option "interval". Did you mean intervalMs\?$/,
    ],
    [{ timeouts: { idle: 1 } }, /Did you mean idleMs\?$/],
    [{ retry: { attempt: 1 } }, /Did you mean attempts\?$/],
    [{ pool: { connection: 1 } }, /Did you mean connections\?$/],
    [{ breaker: { failure: 1 } }, /Did you mean failures\?$/],
    [{ breaker: { execute: 1 } }, /breaker.execute must be a function: got 1$/],
    [null, /^options must be an object: got null$/],
    [[], /^options must be an object: got an array$/],
    ['fast', /^options must be an object: got "fast"$/],
  ])('%o are refused by both, with what was meant', async (options, message) => {
    const given = options as ProxyOptions
    expect(() => sseProxy('http://up.test', given)).toThrow(TypeError)
    expect(() => sseProxy('http://up.test', given)).toThrow(message)
    await expect(proxyFetch(REQUEST, 'http://up.test', given as ProxyFetchOptions)).rejects.toThrow(
      message,
    )
  })

  it('that need something to last between calls are refused by proxyFetch', async () => {
    const ask = (options: ProxyOptions) =>
      proxyFetch(REQUEST, 'http://up.test', options as ProxyFetchOptions)
    await expect(ask({ pool: {} })).rejects.toThrow(/use sseProxy, or the option dispatcher$/)
    await expect(ask({ breaker: {} })).rejects.toThrow(/use new CircuitBreaker\(\.\.\.\)$/)
  })

  it.each<[string, () => unknown, RegExp]>([
    ['FrameSplitter', () => new FrameSplitter({ maxBytes: 1 } as object), /"maxBytes"/],
    ['SseDecoder', () => SseDecoder.stage({ onid: 1 } as object), /Did you mean onId\?$/],
    [
      'HeartbeatInjector',
      () => new HeartbeatInjector({ interval: 1 } as object),
      /Did you mean intervalMs\?$/,
    ],
    ['MetricsTap', () => new MetricsTap({ onend: 1 } as object), /Did you mean onEnd\?$/],
    ['MetricsTap', () => MetricsTap.stage({ colour: 1 } as object), /onEnd, countEvents$/],
    [
      'WatermarkBuffer',
      () => new WatermarkBuffer({ highWatermark: 1 } as unknown as { highWaterMark: number }),
      /Did you mean highWaterMark\?$/,
    ],
  ])('of a %s are refused, with what was meant', (name, make, hint) => {
    expect(make).toThrow(TypeError)
    expect(make).toThrow(name)
    expect(make).toThrow(hint)
  })

  it('of an upstream are refused likewise', () => {
    const make = (upstream: object) => () => sseProxy(upstream as { url: string })
    expect(make({ url: 'http://up.test', header: {} })).toThrow(/Did you mean headers\?$/)
    expect(make({ url: 'http://up.test', timeouts: 5 })).toThrow(/^upstream.timeouts must be/)
  })
})

describe('an upstream without a protocol', () => {
  it.each([
    ['localhost:11434', 'http://localhost:11434'],
    ['localhost', 'http://localhost'],
    ['127.0.0.1:8080/v1', 'http://127.0.0.1:8080/v1'],
    ['[::1]:8080', 'http://[::1]:8080'],
    ['ollama:11434', 'http://ollama:11434'],
    ['api.openai.com', 'https://api.openai.com'],
    ['api.openai.com/v1', 'https://api.openai.com/v1'],
  ])('%s is answered with %s', async (upstream, meant) => {
    const message = `got ${JSON.stringify(upstream)}. Did you mean ${meant}?`
    expect(() => sseProxy(upstream)).toThrow(message)
    expect(() => sseProxy([{ url: upstream }])).toThrow(message)
    await expect(proxyFetch(REQUEST, upstream)).rejects.toThrow(message)
  })

  it.each(['', '/v1', 'a b', 'ftp://up.test', 'me:secret@up.test'])(
    'is not guessed for %o',
    (upstream) => {
      expect(() => sseProxy(upstream)).toThrow(/absolute http: or https: URL: got "[^"]*"$/)
      expect(() => sseProxy(upstream)).toThrow(/^(?!.*secret)/)
    },
  )
})

describe('swapped and missing arguments', () => {
  it('of proxyFetch are named', async () => {
    const swapped = proxyFetch as unknown as (...given: unknown[]) => Promise<Response>
    await expect(swapped('http://up.test', REQUEST)).rejects.toThrow(
      'proxyFetch needs a Request as its first argument: got "http://up.test"',
    )
    await expect(swapped(REQUEST, REQUEST)).rejects.toThrow('proxyFetch(request, upstream)')
    await expect(swapped()).rejects.toThrow('got undefined')
  })

  it('of a handler in node:http lead to toNodeHandler', async () => {
    const proxy = sseProxy('http://up.test') as unknown as (
      ...given: unknown[]
    ) => ReturnType<SseProxy>
    const failures: unknown[] = []
    const server = createServer((req: IncomingMessage, res) => {
      proxy(req, res).catch((error: unknown) => {
        failures.push(error)
        res.end()
      })
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`)
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
    expect(failures).toMatchObject([
      {
        name: 'TypeError',
        message: expect.stringMatching(
          /^The proxy needs a Request .*IncomingMessage.*toNodeHandler\(proxy\), from 'sse-stream-kit\/node'$/,
        ),
      },
    ])
  })
})

describe('a transform that returns nothing', () => {
  it('ends the stream with SSE_TRANSFORM, and says what to return', async () => {
    const { fetch } = fakeUpstream([step.send({ data: '1' })])
    const transform = (() => {}) as unknown as () => null
    const response = await proxyFetch(REQUEST, 'http://up.test', { fetch, transform })
    await expect(response.text()).rejects.toMatchObject({
      code: 'SSE_TRANSFORM',
      message: expect.stringContaining(
        'return the event, another one, an array of events, or null',
      ),
    })
  })
})

describe('a forgotten key', () => {
  const ask = async (options: ProxyOptions, headers: Record<string, string>): Promise<void> => {
    const { fetch } = fakeUpstream([step.json(401, { error: 'no key' })])
    const request = new Request('http://client.test/', { headers })
    await (await sseProxy('http://up.test', { fetch, ...options })(request)).text()
  }
  const KEY = { authorization: 'Bearer secret' }

  it('is told once per process, where the client’s key was dropped and none set', async () => {
    const quiet = await warningsDuring(async () => {
      await ask({}, {})
      await ask({ forwardCredentials: true }, KEY)
      await ask({ headers: { 'x-api-key': 'mine' } }, KEY)
    })
    expect(quiet).toEqual([])
    const warnings = await warningsDuring(async () => {
      await ask({}, KEY)
      await ask({}, KEY)
    })
    expect(warnings).toMatchObject([
      {
        name: 'SseKitWarning',
        code: 'SSE_KEY_DROPPED',
        message:
          "http://up.test responded with 401, and the client's authorization was not forwarded",
        detail: expect.stringMatching(/headers.*forwardCredentials: true/),
      },
    ])
    expect(JSON.stringify(warnings)).not.toContain('secret')
  })
})

describe('the nearest name', () => {
  const NAMES = ['timeouts', 'retry', 'headers', 'intervalMs']
  it.each([
    ['timeout', 'timeouts'],
    ['Retry', 'retry'],
    ['hedaers', 'headers'],
    ['interval', 'intervalMs'],
    ['colour', undefined],
    ['on', undefined],
    ['rt', undefined],
  ])('of %s is %s', (given, name) => {
    expect(nearest(given, NAMES)).toBe(name)
  })
})
