import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { DEMO_USAGE } from '../../src/cli/demo/demo-usage.ts'
import { main } from '../../src/cli/main.ts'
import { PROXY_USAGE } from '../../src/cli/proxy/proxy-usage.ts'
import { fakeHost } from './fake-host.ts'

const run = async (
  ...args: string[]
): Promise<{ code: number; stdout: string; stderr: string }> => {
  const host = fakeHost()
  return { code: await main(args, host), ...host.printed }
}
const page = readFileSync(new URL('../../docs/cli.md', import.meta.url), 'utf8')
const UP = ['--upstream', 'http://a']

describe('the command line', () => {
  it.each([
    [['--help'], PROXY_USAGE],
    [['--upstream', 'x', '-h'], PROXY_USAGE],
    [['demo', '--help'], DEMO_USAGE],
  ])('prints its help for %j', async (args, usage) => {
    expect(await run(...args)).toEqual({ code: 0, stdout: usage, stderr: '' })
  })

  it('prints its version', async () => {
    const { version } = JSON.parse(
      readFileSync(new URL('../../package.json', import.meta.url), 'utf8'),
    ) as { version: string }
    expect(await run('--version')).toEqual({ code: 0, stdout: `${version}\n`, stderr: '' })
    expect((await run('demo', '--version')).stdout).toBe(`${version}\n`)
    expect((await run('-v')).stdout).toBe(`${version}\n`)
  })

  it.each([
    [[], '--upstream URL is missing'],
    [['--upstream'], '--upstream needs a value'],
    [['--upstream', ''], '--upstream needs a value'],
    [['--upstream', '--port', '1'], '--upstream needs a value'],
    [['--upstrem', 'http://a'], 'Unknown flag --upstrem, did you mean --upstream?'],
    [['--heartbeat', '5'], 'Unknown flag --heartbeat, did you mean --heartbeat-ms?'],
    [['--constructor'], 'Unknown flag --constructor'],
    [['-x', '1'], 'Unknown flag -x'],
    [['-p'], '-p needs a value'],
    [['--prot', '1'], 'Unknown flag --prot, did you mean --port?'],
    [['--lof'], 'Unknown flag --lof, did you mean --log?'],
    [['--foo'], 'Unknown flag --foo'],
    [['--key', 'x'], 'Unknown flag --key'],
    [['--hots', 'x'], 'Unknown flag --hots, did you mean --host?'],
    [['--hearbeat-ms', '1'], 'Unknown flag --hearbeat-ms, did you mean --heartbeat-ms?'],
    [[...UP, 'extra'], 'Unknown argument "extra"'],
    [[...UP, '--log=yes'], '--log takes no value'],
    [
      ['--upstream', 'localhost:3000'],
      '--upstream must be an http:// or https:// URL: got "localhost:3000"',
    ],
    [['--upstream', 'ftp://me:secret@a'], '--upstream must be an http:// or https:// URL'],
    [
      ['--upstream', 'http://me:secret@a'],
      '--upstream must not hold a name or password: use --header for them',
    ],
    [[...UP, '--port', '70000'], '--port must be an integer from 0 to 65535: got "70000"'],
    [[...UP, '--drain-ms', '-5'], '--drain-ms must be an integer from 0 to 2147483647: got "-5"'],
    [
      [...UP, '--heartbeat-ms', '1e3'],
      '--heartbeat-ms must be an integer from 0 to 2147483647: got "1e3"',
    ],
    [[...UP, '--idle-ms', '0.5'], '--idle-ms must be an integer from 0 to 2147483647: got "0.5"'],
    [[...UP, '--connections', '0'], '--connections must be an integer >= 1: got "0"'],
    [[...UP, '--high-water', '0'], '--high-water must be an integer >= 1: got "0"'],
    [[...UP, '--low-water', '65537'], '--low-water must be <= --high-water (65536): got "65537"'],
    [
      [...UP, '--high-water', '10', '--low-water', '11'],
      '--low-water must be <= --high-water (10): got "11"',
    ],
    [[...UP, '--header', 'secret'], "--header must look like 'name: value': the colon is missing"],
    [
      [...UP, '--header', 'a b: secret'],
      '--header must look like \'name: value\': the name or the value of "a b" has a character that HTTP does not allow',
    ],
    [
      [...UP, '--header', 'x-api-key: '],
      '--header has no value for "x-api-key": check that the variable that holds it is set',
    ],
    [
      [...UP, '--header', 'authorization: Bearer '],
      '--header has no value for "authorization": check that the variable that holds it is set',
    ],
    [
      [...UP, '--cors', 'https://app.example/'],
      '--cors must be * or an origin such as https://app.example: got "https://app.example/", did you mean https://app.example?',
    ],
    [
      [...UP, '--cors', 'app.example'],
      '--cors must be * or an origin such as https://app.example: got "app.example"',
    ],
    [
      [...UP, '--path-rewrite', '/api'],
      '--path-rewrite must look like /from=/to, two paths without a query: got "/api"',
    ],
    [
      [...UP, '--path-rewrite', '/api/=/v1'],
      '--path-rewrite must end with a slash on both sides to replace a prefix: got "/api/=/v1"',
    ],
    [
      [...UP, '--forward-credentials', '--no-forward-credentials'],
      '--forward-credentials and --no-forward-credentials exclude each other',
    ],
  ])('refuses %j in one line', async (args, message) => {
    expect(await run(...args)).toEqual({
      code: 2,
      stdout: '',
      stderr: `sse-stream-kit: ${message} (--help lists all flags)\n`,
    })
  })

  it.each([
    [['--speed', '0'], '--speed must be a number from 0.1 to 10: got "0"'],
    [['--heartbeat-ms', '0'], '--heartbeat-ms must be an integer >= 1: got "0"'],
    [['--model', 'x'], '--model needs --upstream'],
    [
      [...UP, '--speed', '2'],
      '--speed cannot be used with --upstream: it is for the built-in upstream',
    ],
    [[...UP, '--path', 'v1'], '--path must start with a slash: got "v1"'],
    [[...UP, '--body', '{'], '--body must be JSON'],
    [
      [...UP, '--body', '{}', '--prompt', 'x'],
      '--body cannot be used with --model or --prompt: it is the whole body',
    ],
    [['again'], 'Unknown argument "again"'],
  ])('refuses demo %j in one line', async (args, message) => {
    expect(await run('demo', ...args)).toEqual({
      code: 2,
      stdout: '',
      stderr: `sse-stream-kit: ${message} (demo --help lists all flags)\n`,
    })
  })

  it('says in one line why it cannot listen', async () => {
    expect(await run(...UP, '--host', '192.0.2.1', '--port', '0')).toEqual({
      code: 1,
      stdout: '',
      stderr:
        'sse-stream-kit: Cannot listen on 192.0.2.1: this machine does not have the address\n',
    })
  })
})

describe('the help', () => {
  it.each([
    ['the proxy', PROXY_USAGE],
    ['the demo', DEMO_USAGE],
  ])('of %s fits a terminal', (_, usage) => {
    expect(usage.split('\n').filter((line) => line.length > 80)).toEqual([])
  })

  const flagsOf = (text: string): string[] => [
    ...new Set([...text.matchAll(/^ {2}(?:-\w, )?(--[\w-]+)/gm)].map(([, flag]) => flag as string)),
  ]

  it('names the same flags as its page in the docs', () => {
    const named = [...page.matchAll(/^\| (?:`-\w`, )?`(--[\w-]+)/gm)].map(
      ([, flag]) => flag as string,
    )
    const helped = [...flagsOf(PROXY_USAGE), ...flagsOf(DEMO_USAGE)].map((flag) =>
      // The two stand in one line.
      flag === '--help' ? '--version' : flag,
    )
    expect(named.sort()).toEqual(helped.sort())
  })

  it.each([
    ...flagsOf(PROXY_USAGE).map((flag) => [flag]),
    ...flagsOf(DEMO_USAGE).map((flag) => ['demo', flag]),
  ])('uses known flags only: %s %s', async (...args) => {
    const { stderr } = await run(...args.filter((arg) => arg !== undefined), 'extra', 'extra')
    expect(stderr).not.toContain('Unknown flag')
  })
})
