import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { MUTATIONS } from './mutations.ts'

it.each(
  MUTATIONS.flatMap(({ row, edits }) =>
    edits.map(([file, search]) => [row, file, search] as const),
  ),
)('the mutation of row %s finds its place in %s', (_, file, search) => {
  const text = readFileSync(new URL(`../../src/${file}`, import.meta.url), 'utf8')
  expect(text.split(search).length - 1).toBe(1)
})
