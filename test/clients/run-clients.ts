// Lets real clients read streams that go well, break or are rejected, straight from the upstream and through the proxy:
// `npm run test:clients`, or with `-- --write` to update the tables of the docs. Without it the run fails if a
// client does not see what expected.ts has; `--newest` expects what the newest majors see. With `--results FILE` the counts
// are written to a file as JSON.
import { readFile, writeFile } from 'node:fs/promises'
import { isDeepStrictEqual, parseArgs } from 'node:util'
import { CASE_NAMES } from './cases.ts'
import { EXPECTED } from './expected.ts'
import { NEWEST } from './expected-newest.ts'
import { linesOf, prepareClients, type SightLines, seeAll } from './see-all.ts'
import { TABLES, withTable } from './tables.ts'

const { values } = parseArgs({
  options: {
    newest: { type: 'boolean', default: false },
    results: { type: 'string' },
    write: { type: 'boolean', default: false },
  },
})

const restore = prepareClients()
const seen = await seeAll().finally(restore)
const counts = { passed: 0, failed: 0 }
for (const name of CASE_NAMES) {
  const expected: Record<string, SightLines> = {
    ...EXPECTED[name],
    ...(values.newest && NEWEST[name]),
  }
  for (const [client, lines] of Object.entries(linesOf(seen[name]))) {
    if (isDeepStrictEqual(lines, expected[client])) {
      counts.passed++
      continue
    }
    counts.failed++
    process.stdout.write(
      `${name}, ${client}:\n  saw      ${JSON.stringify(lines)}\n  expected ${JSON.stringify(expected[client])}\n`,
    )
  }
}
process.stdout.write(`${counts.passed} as expected, ${counts.failed} not\n`)
if (values.write) {
  for (const { page, name, table } of TABLES)
    await writeFile(page, withTable(await readFile(page, 'utf8'), name, table(seen)))
}
if (values.results !== undefined) await writeFile(values.results, JSON.stringify(counts))
process.exitCode = counts.failed === 0 ? 0 : 1
