import { describe, expect, it } from 'vitest'
import { proxyFlags } from '../../../src/cli/proxy/proxy-flags.ts'

const read = (...args: string[]): ReturnType<typeof proxyFlags> =>
  proxyFlags(['--upstream', 'https://api.example/v1', ...args])

describe('proxyFlags', () => {
  it('has a default for every flag but --upstream', () => {
    const { upstream, ...rest } = read()
    expect(upstream.href).toBe('https://api.example/v1')
    expect(rest).toEqual({
      port: 8080,
      host: '127.0.0.1',
      drainMs: 30_000,
      isLogged: false,
      corsOrigins: [],
      options: {
        headers: new Headers(),
        forwardCredentials: true,
        heartbeat: { intervalMs: undefined },
        timeouts: { idleMs: undefined },
        watermark: { highBytes: undefined, lowBytes: undefined },
        pool: { connections: undefined, allowH2: false },
      },
    })
  })

  it('reads every flag', () => {
    const given = read(
      ...['--port', '0', '--host', '::1', '--drain-ms', '0', '--log', '--connections=7', '--http2'],
      ...['--heartbeat-ms', '5', '--idle-ms', '6', '--high-water', '100', '--low-water', '0'],
    )
    expect(given).toMatchObject({ port: 0, host: '::1', drainMs: 0, isLogged: true })
    expect(given.options).toMatchObject({
      heartbeat: { intervalMs: 5 },
      timeouts: { idleMs: 6 },
      watermark: { highBytes: 100, lowBytes: 0 },
      pool: { connections: 7, allowH2: true },
    })
  })

  it('reads -p as --port', () => {
    expect(read('-p', '1').port).toBe(1)
    expect(read('-p2').port).toBe(2)
  })

  it('reads several origins and several path rules', () => {
    const { corsOrigins, options } = read(
      ...['--cors', 'https://a.example', '--cors', 'http://localhost:5173', '--cors', '*'],
      ...['--path-rewrite', '/api/chat=/v1/chat/completions', '--path-rewrite', '/api/=/v1/'],
    )
    expect(corsOrigins).toEqual(['https://a.example', 'http://localhost:5173', '*'])
    expect(options.path).toEqual({ '/api/chat': '/v1/chat/completions', '/api/': '/v1/' })
  })

  it('turns heartbeats and the idle limit off for 0', () => {
    const { options } = read('--heartbeat-ms', '0', '--idle-ms', '0')
    expect([options.heartbeat, options.timeouts?.idleMs]).toEqual([false, false])
  })

  it('uses the last of several values for a flag, and every header', () => {
    const { port, options } = read('--port=1', '--port=2', '--header=a: 1', '--header', 'b:2: 3')
    expect(port).toBe(2)
    expect([...(options.headers as Headers)]).toEqual([
      ['a', '1'],
      ['b', '2: 3'],
    ])
  })

  it.each([
    [true, []],
    [true, ['--header', 'x-team: a']],
    [false, ['--no-forward-credentials']],
    [false, ['--header', 'Authorization: a']],
    [false, ['--header', 'X-Api-Key: a']],
    [false, ['--header', 'api-key: a']],
    [false, ['--header', 'x-goog-api-key: a']],
    [false, ['--header', 'Ocp-Apim-Subscription-Key: a']],
    [true, ['--header', 'authorization: a', '--forward-credentials']],
  ])('forwards credentials: %j with %j', (expected, args) => {
    expect(read(...args).options.forwardCredentials).toBe(expected)
  })
})
