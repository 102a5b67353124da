import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { cp, mkdir, mkdtemp, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { type BrowserContext, chromium, type Page } from 'playwright-core'
import { fakeUpstream, gate, step, type UpstreamScript } from 'sse-stream-kit/testing'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'

const root = fileURLToPath(new URL('../..', import.meta.url))
const isMissing = spawnSync('chromium', ['--version']).error !== undefined
const required = process.env['REQUIRE_CHROMIUM'] === '1'

const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

let folder = ''
let browser: BrowserContext

/** Installs the package like npm, with the example next to it. */
async function install(): Promise<void> {
  const modules = join(folder, 'node_modules')
  const shared = { bundle: true, format: 'esm', packages: 'external', logLevel: 'silent' } as const
  await mkdir(join(modules, 'sse-stream-kit'), { recursive: true })
  await cp(join(root, 'package.json'), join(modules, 'sse-stream-kit/package.json'))
  for (const name of ['eventsource-parser', 'undici'])
    await symlink(join(root, 'node_modules', name), join(modules, name), 'junction')
  await build({
    ...shared,
    entryPoints: ['index', 'streams', 'node', 'testing'].map((name) =>
      join(root, `src/${name}.ts`),
    ),
    outdir: join(modules, 'sse-stream-kit/dist'),
    splitting: true,
    target: 'es2022',
  })
  await build({
    entryPoints: [join(root, 'examples/browser-server.ts')],
    outfile: join(folder, 'browser-server.mjs'),
    logLevel: 'silent',
  })
  await cp(join(root, 'examples/browser.html'), join(folder, 'browser.html'))
}

/** Starts the example's server in front of an upstream. Returns its URL. */
async function startExample(script: UpstreamScript) {
  const upstream = fakeUpstream(script)
  const env = { ...process.env, PORT: '0', UPSTREAM_URL: await upstream.listen() }
  const child = spawn(process.execPath, [join(folder, 'browser-server.mjs')], {
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const exited = once(child, 'exit')
  onTestFinished(async () => {
    child.kill()
    await exited
    await upstream.close()
  })
  for await (const line of createInterface(child.stdout)) {
    const port = /port: (\d+)/.exec(line)?.[1]
    if (port !== undefined) return { upstream, url: `http://127.0.0.1:${port}/` }
  }
  throw new Error('The example ended before it listened')
}

async function open(url: string): Promise<Page> {
  const page = await browser.newPage()
  onTestFinished(() => page.close())
  await page.goto(url)
  return page
}

const word = (content: string) =>
  step.send({ data: JSON.stringify({ choices: [{ delta: { content } }] }) })

// In CI a missing Chromium is a failure; elsewhere `npm test` needs only npm.
describe.skipIf(isMissing && !required)('the example in a browser', () => {
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'sse-stream-kit-browser-'))
    await install()
    browser = await chromium.launchPersistentContext(join(folder, 'profile'), {
      executablePath: '/usr/bin/chromium',
      args: FLAGS,
    })
  }, 60_000)

  afterAll(async () => {
    await browser.close()
    await rm(folder, { recursive: true, force: true })
  })

  it('shows a word before the next one arrives, and then that the response is complete', async () => {
    const seen = gate()
    const { url } = await startExample([
      word('Hello'),
      step.until(seen.opened),
      word(' world'),
      step.send({ data: '[DONE]' }),
    ])
    const page = await open(url)
    await page.click('#ask')
    await page.getByText('Hello', { exact: true }).waitFor()
    seen.open()
    await page.getByText('complete', { exact: true }).waitFor()
    expect(await page.textContent('#answer')).toBe('Hello world')
  }, 60_000)

  it('stops the model when the reader stops', async () => {
    const { upstream, url } = await startExample([word('Hello'), step.hang()])
    const page = await open(url)
    await page.click('#ask')
    await page.getByText('Hello', { exact: true }).waitFor()
    await page.click('#stop')
    await page.getByText('AbortError', { exact: true }).waitFor()
    const request = await upstream.request()
    await request.closed
    expect(request.aborted).toBe(true)
  }, 60_000)

  it('does not treat a broken response as complete', async () => {
    const { url } = await startExample([word('Hello'), step.cut()])
    const page = await open(url)
    await page.click('#ask')
    await page.getByText('TypeError', { exact: true }).waitFor()
  }, 60_000)

  it('serves only its own modules', async () => {
    const { url } = await startExample([step.end()])
    for (const path of ['modules/undici/index.js', 'modules/sse-stream-kit/../package.json', 'x'])
      expect((await fetch(url + path)).status).toBe(404)
  }, 60_000)
})
