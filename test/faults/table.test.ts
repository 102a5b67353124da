import { readFile } from 'node:fs/promises'
import { expect, it } from 'vitest'
import { MUTATIONS } from './mutations/mutations.ts'

const ROWS = Object.entries({ L: 16, M: 9, H: 6, P: 16, S: 14 }).flatMap(([letter, count]) =>
  Array.from({ length: count }, (_, index) => `${letter}${index + 1}`),
)
/** For these nothing of ours can be taken out. */
const HELD_BY_OTHERS = ['P12', 'P15']
const NOT_BUILT = ['S7', 'S8']

const read = (path: string): Promise<string> => readFile(new URL(path, import.meta.url), 'utf8')

it('the docs list every fault once, with an existing test', async () => {
  const page = await read('../../docs/reliability.md')
  const lines = page.split('\n').filter((line) => /^\| [LMHPS]\d+ \|/.test(line))
  expect(lines.map((line) => line.split(' ')[1])).toEqual(ROWS)
  for (const line of lines) {
    const row = line.split(' ')[1] as string
    const cell = line.split(' | ').at(-1) as string
    if (NOT_BUILT.includes(row)) {
      expect(cell).toBe('not built |')
      continue
    }
    const [, file] = cell.match(/^([\w-]+): `/) ?? []
    const source = await read(`${file}.test.ts`)
    const titles = [...cell.matchAll(/`([^`]+)`/g)].map((match) => match[1] as string)
    expect(titles.length, line).toBeGreaterThan(0)
    for (const title of titles) {
      expect(title.startsWith(`${row} `), title).toBe(true)
      expect(source.includes(`'${title}`) || source.includes(`"${title}`), title).toBe(true)
    }
  }
  expect(page).toMatch(/<!-- soak:start -->[\s\S]*<!-- soak:end -->/)
})

it('every fault has a mutation, unless our code does not handle it', () => {
  expect([...new Set(MUTATIONS.map(({ row }) => row))]).toEqual(
    ROWS.filter((row) => !HELD_BY_OTHERS.includes(row) && !NOT_BUILT.includes(row)),
  )
})
