import { type FakeUpstream, step, type UpstreamScript } from 'sse-stream-kit/testing'
import { describe, expect, it } from 'vitest'
import { main } from '../../../src/cli/main.ts'
import { openUpstream } from '../../support/http/open-upstream.ts'
import { fakeHost } from '../fake-host.ts'
import { startCli, useCli } from '../start-cli.ts'
import { Screen } from './screen.ts'

useCli()

const open = async (script: UpstreamScript): Promise<[FakeUpstream, string]> => {
  const upstream = openUpstream(script)
  return [upstream, await upstream.listen()]
}
const DONE = step.send({ data: '[DONE]' })
const token = (content: string): ReturnType<typeof step.send> =>
  step.send({ data: JSON.stringify({ choices: [{ delta: { content } }] }) })

describe('the demo', () => {
  it('passes without a terminal: lines, a table, a verdict, no escape codes', async () => {
    const { code, stdout, stderr } = await startCli(['demo', '--speed', '2']).ended
    expect(stderr).toBe('')
    expect(stdout).not.toContain('\x1b')
    const at = (text: RegExp): number => stdout.search(text)
    expect(at(/sse-stream-kit {3}\(heartbeat\)/)).toBeGreaterThan(0)
    expect(at(/sse-stream-kit {3}.*Streaming works/)).toBeGreaterThan(0)
    // All of the streamed answer but its last line is there before the first of the buffered one.
    expect(at(/buffering proxy {2}\(first token\)/)).toBeGreaterThan(at(/sse-stream-kit {3}waits/))
    expect(stdout).toMatch(/^events +(\d{3}) +\1$/m)
    expect(stdout).toMatch(/^heartbeats {2,}0 {2,}[1-9]\d*$/m)
    expect(stdout).toMatch(/^PASS {2}the first token of sse-stream-kit/m)
    expect(stdout).toMatch(/^ {6}both answers are the same \d{5} bytes/m)
    expect(code).toBe(0)
  }, 30_000)

  it('fails if the first token takes most of the time', async () => {
    const [, url] = await open([step.status(200), step.wait(300), token('Hi'), DONE])
    const { code, stdout } = await startCli(['demo', '--upstream', url]).ended
    expect(stdout).toMatch(/^FAIL {2}the first token came after \d+\.\d % of the total/m)
    expect(code).toBe(1)
  })

  it('sends a real endpoint one request for both proxies', async () => {
    const [upstream, url] = await open([token('Hi'), step.wait(500), DONE])
    const { code, stdout } = await startCli([
      ...['demo', '--upstream', `${url}/base/`, '--path', '/chat?x=1'],
      ...['--header', 'authorization: Bearer secret', '--model', 'm', '--prompt', 'p'],
    ]).ended
    expect(upstream.requests).toHaveLength(1)
    const [request] = upstream.requests
    expect(request).toMatchObject({ method: 'POST', url: '/base/chat?x=1' })
    expect(request?.headers.get('authorization')).toBe('Bearer secret')
    expect(request?.headers.get('content-type')).toBe('application/json')
    expect(JSON.parse((await request?.text()) ?? '')).toEqual({
      model: 'm',
      stream: true,
      messages: [{ role: 'user', content: 'p' }],
    })
    expect(stdout).toContain(`to ${url}/base/chat:`)
    expect(stdout).not.toContain('secret')
    expect(stdout).toMatch(/^(PASS|FAIL) {2}the first token/m)
    expect(stdout).not.toContain('differ')
    expect([0, 1]).toContain(code)
  })

  it.each([
    [
      'a refusal',
      [step.json(401, { error: 'no key' })],
      /has the status 401: \{"error":"no key"\}/,
    ],
    ['a cut', [token('Hi'), step.cut()], /^FAIL {2}the streamed answer broke/m],
    ['no tokens', [step.send({ data: '{}' })], /the streamed answer has no token/],
  ])('fails for %s of the endpoint', async (_, script, message) => {
    const [, url] = await open(script)
    const { code, stdout, stderr } = await startCli(['demo', '--upstream', url]).ended
    expect(stdout).toMatch(message)
    expect([code, stderr]).toEqual([1, ''])
  })

  it('fails if the endpoint refuses connections', async () => {
    const [upstream, url] = await open([])
    await upstream.close()
    const { code, stdout } = await startCli(['demo', '--upstream', url]).ended
    expect(stdout).toMatch(/^FAIL {2}the streamed answer has the status 502: .*ECONNREFUSED/m)
    expect(code).toBe(1)
  })

  it('draws columns in a terminal, and shows the cursor again', async () => {
    const [, url] = await open([token('Hello'), step.wait(200), token(' again'), DONE])
    const screen = new Screen()
    const terminal = {
      isTTY: true,
      columns: 80,
      rows: 30,
      write: (text: string) => screen.write(text),
    }
    const host = fakeHost()
    Object.assign(host.stdout, terminal)
    await main(['demo', '--upstream', url], host)
    const shown = screen.lines.join('\n')
    expect(shown).toMatch(/^buffering proxy +│ sse-stream-kit \* first/m)
    expect(shown).toMatch(/^Hello again +│ Hello again/m)
    expect(shown).toMatch(/^events {2,}3 {2,}3$/m)
    expect(screen.redraws).toBeGreaterThan(1)
    expect(screen.isCursorShown).toBe(true)
  })

  it('fits 50 columns, and marks the shorter waits', async () => {
    const [, url] = await open([token('Hello'), step.wait(200), token(' again'), DONE])
    const screen = new Screen()
    const host = fakeHost()
    const write = (text: string): void => screen.write(text)
    Object.assign(host.stdout, { isTTY: true, columns: 50, rows: 24, write })
    await main(['demo', '--upstream', url], host)
    expect(screen.lines.filter((line) => line.trimEnd().length > 50)).toEqual([])
    expect(screen.lines.join('\n')).toMatch(/^first token after +\d\.\d\d s +\* \d\.\d\d s$/m)
  })

  it.each([
    ['--plain', { columns: 80 }, {}, ['--plain']],
    ['NO_COLOR', { columns: 80 }, { NO_COLOR: '1' }, []],
    ['TERM=dumb', { columns: 80 }, { TERM: 'dumb' }, []],
    ['a narrow terminal', { columns: 49 }, {}, []],
  ])('prints lines with %s', async (_, size, env, args) => {
    const [, url] = await open([token('Hello')])
    const host = fakeHost({ isTTY: true, ...size })
    await main(['demo', '--upstream', url, ...args], { ...host, env })
    expect(host.printed.stdout).toContain('sse-stream-kit   Hello')
    expect(host.printed.stdout).not.toContain('\x1b')
  })

  it('shows the cursor again when it is interrupted', async () => {
    const [upstream, url] = await open([token('Hello'), step.hang()])
    const screen = new Screen()
    const host = fakeHost()
    const terminal = {
      isTTY: true,
      columns: 80,
      rows: 30,
      write: (text: string) => screen.write(text),
    }
    Object.assign(host.stdout, terminal)
    const done = main(['demo', '--upstream', url], host)
    await upstream.request()
    expect(screen.isCursorShown).toBe(false)
    host.emit('SIGINT')
    expect(screen.isCursorShown).toBe(true)
    expect(host.exits).toEqual([130])
    await upstream.close()
    await done
  })
})
