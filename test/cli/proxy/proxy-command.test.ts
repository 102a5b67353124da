import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type FakeUpstream, gate, step, type UpstreamScript } from 'sse-stream-kit/testing'
import { describe, expect, it } from 'vitest'
import { openUpstream } from '../../support/http/open-upstream.ts'
import { requestClosed } from '../../support/http/request-closed.ts'
import { loopbackCertificate } from '../../support/loopback-certificate.ts'
import { startCli, startProxy, useCli } from '../start-cli.ts'

useCli()

const open = async (script: UpstreamScript): Promise<[FakeUpstream, string]> => {
  const upstream = openUpstream(script)
  return [upstream, await upstream.listen()]
}

interface Health {
  activeStreams: number
}

/** Reads a body piece by piece. */
const readerOf = (response: Response): { next(): Promise<string>; rest(): Promise<string> } => {
  const reader = (response.body as ReadableStream<Uint8Array>).getReader()
  const next = async (): Promise<string> =>
    Buffer.from((await reader.read()).value ?? []).toString()
  const rest = async (): Promise<string> => {
    let text = ''
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return text
      text += Buffer.from(value).toString()
    }
  }
  return { next, rest }
}

describe('the proxy command', () => {
  it('serves pages of another origin, under a rewritten path', async () => {
    const [upstream, url] = await open([step.send({ data: 'one' })])
    const proxy = await startProxy([
      ...['--upstream', url, '--cors', 'https://app.example'],
      ...['--path-rewrite', '/api/=/v1/'],
    ])
    const origin = 'https://app.example'
    const asked = { origin, 'access-control-request-method': 'POST' }
    const preflight = await fetch(`${proxy.url}/api/chat`, { method: 'OPTIONS', headers: asked })
    expect(preflight.status).toBe(204)
    expect(preflight.headers.get('access-control-allow-origin')).toBe(origin)
    const headers = { origin }
    const response = await fetch(`${proxy.url}/api/chat?a=1`, { method: 'POST', headers })
    expect(await response.text()).toBe('data: one\n\n')
    expect(response.headers.get('access-control-allow-origin')).toBe(origin)
    expect(upstream.requests.map(({ url: path }) => path)).toEqual(['/v1/chat?a=1'])
  })

  it('forwards an event before the next one arrives', async () => {
    const more = gate()
    const [upstream, url] = await open([
      step.send({ data: 'one' }),
      step.until(more.opened),
      step.send({ data: 'two' }),
    ])
    const proxy = await startProxy(['--upstream', `${url}/base`])
    const response = await fetch(`${proxy.url}/v1/chat?stream=1`, { method: 'POST', body: 'hi' })
    const { next, rest } = readerOf(response)
    expect(await next()).toBe('data: one\n\n')
    more.open()
    expect(await rest()).toBe('data: two\n\n')
    expect(upstream.requests[0]).toMatchObject({ method: 'POST', url: '/base/v1/chat?stream=1' })
    expect(await upstream.requests[0]?.text()).toBe('hi')
  })

  it('answers /health and /metrics itself, and nothing else', async () => {
    const [upstream, url] = await open([step.send({ data: 'one' })])
    const proxy = await startProxy(['--upstream', url])
    await (await fetch(`${proxy.url}/v1/chat`)).text()
    const health = await fetch(`${proxy.url}/health`)
    expect([health.status, await health.json()]).toMatchObject([200, { status: 'ok' }])
    const metrics = await (await fetch(`${proxy.url}/metrics?x=1`)).text()
    expect(metrics).toContain('\nsse_events_total 1\n')
    await (await fetch(`${proxy.url}/health/deep`)).text()
    expect(upstream.requests.map((request) => request.url)).toEqual(['/v1/chat', '/health/deep'])
  })

  it('closes the upstream request when the client disconnects', async () => {
    const [upstream, url] = await open([step.send({ data: 'one' }), step.hang()])
    const proxy = await startProxy(['--upstream', url])
    const leaving = new AbortController()
    const response = await fetch(proxy.url, { signal: leaving.signal })
    await readerOf(response).next()
    leaving.abort()
    await requestClosed(upstream.requests[0])
    expect(upstream.requests[0]?.aborted).toBe(true)
  })

  it('sends heartbeats after --heartbeat-ms, and --header with each request', async () => {
    const [upstream, url] = await open([step.status(200), step.hang()])
    const proxy = await startProxy([
      ...['--upstream', url, '--heartbeat-ms', '20'],
      ...['--header', 'authorization: Bearer own', '--header', 'x-team: a: b'],
    ])
    const headers = { authorization: 'Bearer client', 'x-team': 'c', 'x-api-key': 'client' }
    const { next } = readerOf(await fetch(proxy.url, { headers }))
    expect(await next()).toMatch(/^(: keepalive\n\n)+$/)
    const sent = upstream.requests[0]?.headers
    expect(sent?.get('authorization')).toBe('Bearer own')
    expect(sent?.get('x-team')).toBe('a: b')
    expect(sent?.get('x-api-key')).toBeNull()
  })

  it("forwards the client's key if it has none of its own", async () => {
    const [upstream, url] = await open([step.send({ data: 'one' })])
    const proxy = await startProxy(['--upstream', url])
    await (await fetch(proxy.url, { headers: { authorization: 'Bearer client' } })).text()
    expect(upstream.requests[0]?.headers.get('authorization')).toBe('Bearer client')
  })

  it('breaks the stream of an upstream that is silent for --idle-ms, and logs it with --log', async () => {
    const [, url] = await open([step.send({ data: 'one' }), step.hang()])
    const proxy = await startProxy(['--upstream', url, '--idle-ms', '50', '--log'])
    await expect((await fetch(proxy.url)).text()).rejects.toThrow('terminated')
    expect(await proxy.line(/verdict=/)).toMatch(
      /^time=\S+Z verdict=timeout code=SSE_UPSTREAM_TIMEOUT phase=idle status=200 method=GET path=\/\S* kind=stream .*events=1 /,
    )
  })

  it('prints one line for each finished request with --log, and none without', async () => {
    const [, url] = await open(({ url }) =>
      url === '/json' ? [step.json(429, {})] : [step.send({ data: 'one' })],
    )
    const [quiet, loud] = await Promise.all([
      startProxy(['--upstream', url]),
      startProxy(['--upstream', url, '--log']),
    ])
    for (const proxy of [quiet, loud]) {
      await (await fetch(`${proxy.url}/stream`)).text()
      await (await fetch(`${proxy.url}/json`)).text()
      proxy.kill('SIGTERM')
    }
    expect((await quiet.ended).stdout.split('\n').slice(1)).toEqual(['Stopped', ''])
    expect((await loud.ended).stdout.split('\n').slice(1)).toEqual([
      expect.stringContaining('verdict=complete status=200 method=GET path=/stream kind=stream'),
      expect.stringContaining('verdict=complete status=429 method=GET path=/json kind=plain'),
      'Stopped',
      '',
    ])
  })

  it.each([
    ['2.0', ['--http2']],
    ['1.1', []],
  ])('uses HTTP/%s over TLS with %j', async (version, args) => {
    const tls = await loopbackCertificate()
    const folder = await mkdtemp(join(tmpdir(), 'sse-stream-kit-cli-'))
    const file = join(folder, 'ca.pem')
    await writeFile(file, tls.cert)
    const upstream = openUpstream([step.send({ data: 'one' })])
    const url = await upstream.listen({ tls, http2: version === '2.0' })
    const proxy = await startProxy(['--upstream', url, ...args], { NODE_EXTRA_CA_CERTS: file })
    expect(await (await fetch(proxy.url)).text()).toBe('data: one\n\n')
    expect(upstream.requests[0]?.httpVersion).toBe(version)
    await rm(folder, { recursive: true })
  })

  it('lets requests beyond --connections wait', async () => {
    const more = gate()
    const [upstream, url] = await open([step.status(200), step.until(more.opened)])
    const proxy = await startProxy(['--upstream', url, '--connections', '1'])
    const first = await fetch(proxy.url)
    const second = fetch(proxy.url)
    // It is in the proxy once it is counted as active.
    for (;;) {
      const { activeStreams } = (await (await fetch(`${proxy.url}/health`)).json()) as Health
      if (activeStreams === 2) break
    }
    expect(upstream.requests).toHaveLength(1)
    more.open()
    await first.text()
    await (await second).text()
    expect(upstream.requests).toHaveLength(2)
  })

  it('keeps serving after its output pipe is closed', async () => {
    const [, url] = await open([step.send({ data: 'one' })])
    const proxy = await startProxy(['--upstream', url, '--log'])
    proxy.closeOutput()
    for (let count = 0; count < 3; count++) {
      expect(await (await fetch(proxy.url)).text()).toBe('data: one\n\n')
    }
    proxy.kill('SIGTERM')
    expect((await proxy.ended).code).toBe(0)
  })
})

describe('a shutdown', () => {
  it('is immediate without running requests', async () => {
    const [, url] = await open([])
    const proxy = await startProxy(['--upstream', url])
    proxy.kill('SIGTERM')
    expect(await proxy.ended).toMatchObject({ code: 0, signal: null, stderr: '' })
  })

  it.each(['SIGTERM', 'SIGINT'] as const)(
    'at %s lets a running stream end, and refuses new ones',
    async (signal) => {
      const more = gate()
      const [upstream, url] = await open([
        step.send({ data: 'one' }),
        step.until(more.opened),
        step.send({ data: 'two' }),
      ])
      const proxy = await startProxy(['--upstream', url])
      const { next, rest } = readerOf(await fetch(proxy.url))
      await next()
      proxy.kill(signal)
      await proxy.line(/^Draining: 1 running, 30 s at most/)
      const health = await fetch(`${proxy.url}/health`)
      expect([health.status, await health.json()]).toMatchObject([503, { status: 'draining' }])
      const refused = await fetch(proxy.url)
      expect([refused.status, await refused.json()]).toMatchObject([
        503,
        { error: { code: 'SSE_DRAINING' } },
      ])
      expect(upstream.requests).toHaveLength(1)
      more.open()
      expect(await rest()).toBe('data: two\n\n')
      expect(await proxy.ended).toMatchObject({ code: 0, stderr: '' })
    },
  )

  it('breaks a stream that has not ended after --drain-ms', async () => {
    const [upstream, url] = await open([step.send({ data: 'one' }), step.hang()])
    const proxy = await startProxy(['--upstream', url, '--drain-ms', '50'])
    const { next, rest } = readerOf(await fetch(proxy.url))
    await next()
    proxy.kill('SIGTERM')
    await expect(rest()).rejects.toThrow('terminated')
    await requestClosed(upstream.requests[0])
    expect(await proxy.ended).toMatchObject({ code: 0, stderr: '' })
  })

  it('does not wait for idle connections', async () => {
    const [, url] = await open([])
    const proxy = await startProxy(['--upstream', url, '--drain-ms', '600000'])
    const { hostname, port } = new URL(proxy.url)
    const socket = connect(Number(port), hostname)
    const gone = new Promise((resolve) => socket.on('close', resolve).on('error', resolve))
    await new Promise<void>((resolve) => socket.write('GET / HTTP/1.1\r\n', () => resolve()))
    // By then the proxy has taken the connection that was made before this one.
    await fetch(`${proxy.url}/health`)
    proxy.kill('SIGTERM')
    expect(await proxy.ended).toMatchObject({ code: 0, stderr: '' })
    await gone
  })

  it('ends even if a client reads nothing', async () => {
    const [, url] = await open(function* () {
      for (;;) yield step.send({ data: 'x'.repeat(65_536) })
    })
    const proxy = await startProxy(['--upstream', url, '--drain-ms', '50'])
    const response = await fetch(proxy.url)
    proxy.kill('SIGTERM')
    expect(await proxy.ended).toMatchObject({ code: 0, stderr: '' })
    await response.body?.cancel().catch(() => {})
  })

  it('is immediate at a second signal', async () => {
    const [, url] = await open([step.send({ data: 'one' }), step.hang()])
    const proxy = await startProxy(['--upstream', url, '--drain-ms', '600000'])
    const { next, rest } = readerOf(await fetch(proxy.url))
    await next()
    proxy.kill('SIGINT')
    await proxy.line(/^Draining/)
    // The signals of the first moment count as one, so they are sent until one counts.
    const again = setInterval(() => proxy.kill('SIGINT'), 50)
    expect((await proxy.ended).code).toBe(130)
    clearInterval(again)
    await expect(rest()).rejects.toThrow('terminated')
  })
})

describe('the proxy does not start because of', () => {
  it('wrong arguments: one line that names the flag, and exit code 2', async () => {
    const { code, stdout, stderr } = await startCli(['--upstream', 'http://a', '--port', 'x']).ended
    expect([code, stdout]).toEqual([2, ''])
    expect(stderr).toBe(
      'sse-stream-kit: --port must be an integer from 0 to 65535: got "x" (--help lists all flags)\n',
    )
  })

  it('a port in use: one line, and exit code 1', async () => {
    const other = createServer()
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
    const { port } = other.address() as { port: number }
    const ended = await startCli(['--upstream', 'http://a', '--port', String(port)]).ended
    await new Promise((resolve) => other.close(resolve))
    expect(ended).toMatchObject({
      code: 1,
      stdout: '',
      stderr: `sse-stream-kit: Cannot listen on 127.0.0.1:${port}: the port is in use\n`,
    })
  })
})
