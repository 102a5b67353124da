// Loads every entry point of the installed package by import and by require, and streams through one.
// Runs in a separate folder with the package in its node_modules; prints the result as JSON.
import { strict as assert } from 'node:assert'
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'

const require = createRequire(import.meta.url)
const meta = JSON.parse(readFileSync('node_modules/sse-stream-kit/package.json', 'utf8'))
const doors = {}

for (const entry of Object.keys(meta.exports)) {
  const specifier = `sse-stream-kit${entry.slice(1)}`
  if (entry === './package.json') {
    assert.equal(require(specifier).version, meta.version)
    continue
  }
  const imported = await import(specifier)
  const required = require(specifier)
  doors[entry] = Object.keys(imported).sort()
  assert.deepEqual(
    Object.keys(required)
      .filter((name) => name !== '__esModule')
      .sort(),
    doors[entry],
  )
  for (const name of doors[entry])
    assert.equal(required[name], imported[name], `${entry}: two copies`)
}

const { HeartbeatInjector, SseDecoder, SseEncoder } = await import('sse-stream-kit/streams')
const sent = [
  { event: 'greeting', data: 'Hello\nworld' },
  { id: '7', data: 'Grüße' },
]
const received = []
const events = ReadableStream.from(sent)
  .pipeThrough(new SseEncoder())
  .pipeThrough(new HeartbeatInjector())
  .pipeThrough(new SseDecoder())
for await (const event of events) received.push(event)
assert.deepEqual(received, [
  { event: 'greeting', data: 'Hello\nworld', lastEventId: '' },
  { id: '7', data: 'Grüße', lastEventId: '7' },
])

const decoder = new SseDecoder()
assert.throws(() => structuredClone(decoder, { transfer: [decoder] }), { name: 'DataCloneError' })

for (const path of Object.values(meta.bin ?? {})) {
  const command = `node_modules/sse-stream-kit/${path}`
  assert.match(readFileSync(command, 'utf8'), /^#!\/usr\/bin\/env node\n/)
  const help = execFileSync(process.execPath, [command, '--help'], {
    encoding: 'utf8',
    timeout: 10_000,
  })
  assert.match(help, /sse-stream-kit/)
}

const versions = {}
for (const name of Object.keys(meta.dependencies ?? {}))
  versions[name] = JSON.parse(readFileSync(`node_modules/${name}/package.json`, 'utf8')).version

process.stdout.write(`${JSON.stringify({ node: process.version, versions, doors })}\n`)
