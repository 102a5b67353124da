import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fakeUpstream, transcript } from '../../src/testing.ts'
import { replaced } from '../support/packaging/replaced.ts'
import { must, run } from '../support/packaging/run-command.ts'

const FENCE = /^```(?:ts|js)\b[^\n]*\n([\s\S]*?)^```/gm
const RUN_MS = 30_000

/** How a consumer's program is started: everything before its path on the command line. */
export interface Consumer {
  folder: string
  /** Path of the Node binary. */
  node: string
  /** Node's own flags, such as those that load Plug'n'Play. */
  flags: readonly string[]
}

/** Runs the blocks before README's first heading as a reader pastes them: JavaScript in a file. */
export async function runFirstScreen(root: string, consumer: Consumer): Promise<string> {
  const readme = await readFile(join(root, 'README.md'), 'utf8')
  const blocks = [...readme.slice(0, readme.indexOf('\n## ')).matchAll(FENCE)]
  if (blocks.length === 0) throw new Error('README shows no code before its first heading')
  const done: string[] = []
  for (const [index, [, code = '']] of blocks.entries()) {
    const name = `first-screen-${index}.mjs`
    const isServer = code.includes('.listen(')
    await writeFile(join(consumer.folder, name), isServer ? '' : code)
    done.push(isServer ? await runServer(consumer, name, code) : await runOnce(consumer, name))
  }
  return done.join(', ')
}

async function runOnce({ folder, node, flags }: Consumer, name: string): Promise<string> {
  const ran = run(node, [...flags, name], { cwd: folder, timeout: RUN_MS, node })
  await must(`run README's block ${name}`, ran)
  return 'a block runs'
}

/** Starts the server of a block in front of a fake upstream, and streams one response through it. */
async function runServer(
  { folder, node, flags }: Consumer,
  name: string,
  code: string,
): Promise<string> {
  const upstream = fakeUpstream(transcript('openai-chat', { text: 'Hello' }))
  const url = await upstream.listen()
  const tell = "listen(0, function () { console.log('port', this.address().port) })"
  await writeFile(
    join(folder, name),
    replaced(replaced(code, /https:\/\/api\.openai\.com/, url), /listen\(\d+\)/, tell),
  )
  const child = spawn(node, [...flags, name], { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] })
  const deadline = setTimeout(() => child.kill('SIGKILL'), RUN_MS)
  let output = ''
  child.stderr.on('data', (chunk) => {
    output += String(chunk)
  })
  try {
    for await (const line of createInterface({ input: child.stdout })) {
      output += `${line}\n`
      const port = /^port (\d+)$/.exec(line)?.[1]
      if (port !== undefined) await streamOne(`http://127.0.0.1:${port}/v1/chat/completions`)
      // The block's own output about the stream, which follows its end.
      else return 'the server streams'
    }
    throw new Error(`README's server ended or told nothing of the stream:\n${output}`)
  } finally {
    clearTimeout(deadline)
    if (child.exitCode === null && child.signalCode === null) {
      const exit = once(child, 'exit')
      child.kill('SIGKILL')
      await exit
    }
    await upstream.close()
  }
}

async function streamOne(url: string): Promise<void> {
  const response = await fetch(url, { method: 'POST', body: '{"stream":true}' })
  const text = await response.text()
  if (response.status !== 200 || !text.includes('[DONE]'))
    throw new Error(`README's server answered ${response.status}: ${text}`)
}
