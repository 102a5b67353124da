import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sseProxy } from 'sse-stream-kit'
import { toNodeHandler } from 'sse-stream-kit/node'
import {
  fakeUpstream,
  type Gate,
  gate,
  slowClient,
  step,
  type UpstreamScript,
} from 'sse-stream-kit/testing'
import { describe, it, type TestContext } from 'vitest'
import { fencedBlocks } from './fenced-blocks.ts'
import { freePort, hasProgram, startProgram } from './start-program.ts'

/** Concurrent tests register their cleanup on their own context. */
type Finish = TestContext['onTestFinished']

/** A proxy with a configuration block on the page, run as a separate process. */
interface Edge {
  name: string
  isMissing: boolean
  /** Starts it in front of a port, with idle timeouts of `idleMs`. Returns its URL. */
  start(finish: Finish, appPort: string, config: string, idleMs?: number): Promise<string>
}

const page = readFileSync(new URL('../../docs/deployment.md', import.meta.url), 'utf8')
const required = process.env['REQUIRE_PROXIES'] === '1'
const IDLE_MS = 1500
const HEARTBEAT_MS = 200

function configOf(language: string): string {
  const [block, ...others] = fencedBlocks(page).filter((one) => one.language === language)
  if (block === undefined || others.length > 0) throw new Error(`Wanted one block of ${language}`)
  return block.code
}

/** Replaces a value of the page by one of the test; it must occur exactly `times` times. */
function put(config: string, times: number, from: string, to: string): string {
  const parts = config.split(from)
  if (parts.length !== times + 1)
    throw new Error(`Wanted ${times} x "${from}", found ${parts.length - 1}`)
  return parts.join(to)
}

async function temporaryFolder(finish: Finish): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'sse-stream-kit-edge-'))
  finish(() => rm(folder, { recursive: true, force: true }))
  return folder
}

const nginx: Edge = {
  name: 'nginx',
  isMissing: !hasProgram('nginx', '-v'),
  async start(finish, appPort, config, idleMs = 60_000) {
    const folder = await temporaryFolder(finish)
    const port = await freePort()
    let site = put(config, 1, '127.0.0.1:8080', `127.0.0.1:${appPort}`)
    site = put(site, 1, 'listen 80;', `listen 127.0.0.1:${port};`)
    site = put(site, 1, 'proxy_read_timeout 60s;', `proxy_read_timeout ${idleMs}ms;`)
    const folders = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
      .map((name) => `${name}_temp_path ${name};`)
      .join(' ')
    await writeFile(
      join(folder, 'nginx.conf'),
      // In one process: a worker of another user could not open the temporary folder.
      `daemon off; master_process off; pid nginx.pid; error_log stderr notice;
      events {}
      http { access_log off; ${folders}\n${site}\n}`,
    )
    const args = ['-p', folder, '-e', 'stderr', '-c', 'nginx.conf']
    // nginx writes this after it has bound its port.
    finish(await startProgram('nginx', args, /getrlimit/))
    return `http://127.0.0.1:${port}`
  },
}

const haproxy: Edge = {
  name: 'haproxy',
  isMissing: !hasProgram('haproxy', '-v'),
  async start(finish, appPort, config, idleMs = 60_000) {
    const file = join(await temporaryFolder(finish), 'haproxy.cfg')
    const port = await freePort()
    let site = put(config, 1, '127.0.0.1:8080', `127.0.0.1:${appPort}`)
    site = put(site, 1, 'bind :80', `bind 127.0.0.1:${port}`)
    site = put(site, 2, ' 60s', ` ${idleMs}ms`)
    await writeFile(file, site)
    // With a master process, because only that one reports that it is ready.
    finish(await startProgram('haproxy', ['-W', '-f', file], /Loading success/))
    return `http://127.0.0.1:${port}`
  },
}

/** Starts a server that sends no header against buffering. Returns its port. */
async function plainApp(finish: Finish, script: UpstreamScript) {
  const app = fakeUpstream(script)
  finish(() => app.close())
  return { app, port: new URL(await app.listen()).port }
}

/** Starts `sseProxy` under `node:http`. Returns its port and its upstream. */
async function proxyApp(
  finish: Finish,
  script: UpstreamScript,
  heartbeat: { intervalMs: number } | false,
) {
  const upstream = fakeUpstream(script)
  const proxy = sseProxy(await upstream.listen(), { heartbeat })
  const server = createServer(toNodeHandler(proxy)).listen(0, '127.0.0.1')
  await once(server, 'listening')
  finish(async () => {
    server.close()
    server.closeAllConnections()
    await proxy.close({ drainMs: 0 })
    await upstream.close()
  })
  return { upstream, port: String((server.address() as AddressInfo).port) }
}

const PATH = '/v1/chat/completions'
const ONE = 'data: 1\n\n'

// In CI a missing program is a failure; elsewhere `npm test` needs only npm.
describe.concurrent('the proxies of the page', () => {
  for (const edge of [nginx, haproxy])
    describe.skipIf(edge.isMissing && !required)(`${edge.name}, set up as the page says`, () => {
      const config = configOf(edge.name)

      it('passes an event on before the next one arrives', async ({
        expect,
        onTestFinished: finish,
      }) => {
        const seen = gate()
        const { app, port } = await plainApp(finish, [
          step.send({ data: '1' }),
          step.until(seen.opened),
          step.send({ data: '2' }),
        ])
        const client = slowClient((await edge.start(finish, port, config)) + PATH)
        await client.received(ONE.length)
        seen.open()
        expect(await client.verdict).toBe('complete')
        expect(client.text).toBe('data: 1\n\ndata: 2\n\n')
        expect(app.requests[0]?.httpVersion).toBe('1.1')
      })

      it('keeps a silent stream open while there are heartbeats', async ({
        expect,
        onTestFinished: finish,
      }) => {
        const seen = gate()
        const { port } = await proxyApp(
          finish,
          [step.send({ data: '1' }), step.until(seen.opened), step.send({ data: '2' })],
          { intervalMs: HEARTBEAT_MS },
        )
        const client = slowClient((await edge.start(finish, port, config, IDLE_MS)) + PATH)
        // Together these take longer than the idle timeout.
        const heartbeats = ': keepalive\n\n'.repeat(Math.ceil(IDLE_MS / HEARTBEAT_MS) + 2)
        await client.received(ONE.length + heartbeats.length)
        seen.open()
        expect(await client.verdict).toBe('complete')
        expect(client.text.replaceAll(': keepalive\n\n', '')).toBe('data: 1\n\ndata: 2\n\n')
      })

      it('cuts a silent stream without heartbeats, visibly to the client', async ({
        expect,
        onTestFinished: finish,
      }) => {
        const { port, upstream } = await proxyApp(
          finish,
          [step.send({ data: '1' }), step.hang()],
          false,
        )
        const client = slowClient((await edge.start(finish, port, config, IDLE_MS)) + PATH)
        expect(await client.verdict).toBe('error')
        expect(client.text).toBe(ONE)
        await (await upstream.request()).closed
      })

      it('closes the upstream when the client leaves in the middle', async ({
        expect,
        onTestFinished: finish,
      }) => {
        const { port, upstream } = await proxyApp(
          finish,
          [step.send({ data: '1' }), step.hang()],
          false,
        )
        const client = slowClient((await edge.start(finish, port, config)) + PATH)
        await client.received(ONE.length)
        client.leave()
        const request = await upstream.request()
        await request.closed
        expect(request.aborted).toBe(true)
      })

      it('closes the upstream when the client leaves before the head', async ({
        expect,
        onTestFinished: finish,
      }) => {
        const { port, upstream } = await proxyApp(finish, [step.never()], false)
        const client = slowClient((await edge.start(finish, port, config)) + PATH)
        const request = await upstream.request()
        client.leave()
        await request.closed
        expect(request.aborted).toBe(true)
      })

      it('does not let a broken stream look complete', async ({
        expect,
        onTestFinished: finish,
      }) => {
        const seen = gate()
        const { port } = await proxyApp(
          finish,
          [step.send({ data: '1' }), step.until(seen.opened), step.reset()],
          false,
        )
        const client = slowClient((await edge.start(finish, port, config)) + PATH)
        await client.received(ONE.length)
        seen.open()
        expect(await client.verdict).toBe('error')
      })
    })

  describe.skipIf(nginx.isMissing && !required)('nginx over HTTP/1.0, its older default', () => {
    const config = put(configOf('nginx'), 1, 'proxy_http_version 1.1;', '')
    const script = (seen: Gate): UpstreamScript => [
      step.send({ data: '1' }),
      step.until(seen.opened),
      step.send({ data: '2' }),
    ]

    it('does not buffer with the setting of the page', async ({
      expect,
      onTestFinished: finish,
    }) => {
      const seen = gate()
      const { port } = await plainApp(finish, script(seen))
      const client = slowClient((await nginx.start(finish, port, config)) + PATH)
      await client.received(ONE.length)
      seen.open()
      expect(await client.verdict).toBe('complete')
    })

    it('does not buffer a response with x-accel-buffering: no', async ({
      expect,
      onTestFinished: finish,
    }) => {
      const seen = gate()
      const { port } = await proxyApp(finish, script(seen), false)
      const buffering = put(config, 1, 'proxy_buffering off;', '')
      const client = slowClient((await nginx.start(finish, port, buffering)) + PATH)
      await client.received(ONE.length)
      seen.open()
      expect(await client.verdict).toBe('complete')
    })
  })
})
