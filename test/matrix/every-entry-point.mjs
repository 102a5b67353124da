// Loads every entry point of the installed package by import and by require.
import { strict as assert } from 'node:assert'
import { createRequire } from 'node:module'

const require = createRequire(import.meta.url)
const { exports } = require('sse-stream-kit/package.json')
let count = 0
for (const entry of Object.keys(exports).filter((name) => name !== './package.json')) {
  const specifier = `sse-stream-kit${entry.slice(1)}`
  const imported = await import(specifier)
  const names = Object.keys(imported)
  assert.notEqual(names.length, 0)
  const required = require(specifier)
  for (const name of names) assert.equal(required[name], imported[name], `${entry}: two copies`)
  count++
}
process.stdout.write(`${count} entry points`)
