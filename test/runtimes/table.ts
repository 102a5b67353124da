const START = '<!-- table: written by npm run test:runtimes -- --write -->'
const END = '<!-- end of table -->'

/** Replaces the table of the page by the results: errors by column and check. */
export function writeTable(
  page: string,
  seen: ReadonlyMap<string, ReadonlyMap<string, string>>,
): string {
  const columns = [...seen.keys()]
  const checks = new Set([...seen.values()].flatMap((results) => [...results.keys()]))
  const rows = [...checks].map((check) => {
    const cells = columns.map((column) => (seen.get(column)?.get(check) === '' ? 'yes' : 'no'))
    return [check, ...cells]
  })
  const table = [['', ...columns], ['---', ...columns.map(() => '---')], ...rows]
  const lines = table.map((cells) => `| ${cells.join(' | ')} |`)
  const { before, after } = partsOf(page)
  return [before, '', ...lines, '', after].join('\n')
}

/** The table of the page: its cells, by column and check. */
export function readTable(page: string): Map<string, Map<string, string>> {
  const rows = partsOf(page)
    .table.split('\n')
    .filter((line) => line.startsWith('|'))
    .map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    )
  const [, ...columns] = rows[0] ?? []
  return new Map(
    columns.map((column, index) => [
      column,
      new Map(rows.slice(2).map(([check = '', ...cells]) => [check, cells[index] ?? ''])),
    ]),
  )
}

function partsOf(page: string): { before: string; table: string; after: string } {
  const start = page.indexOf(START)
  const end = page.indexOf(END)
  if (start < 0 || end < 0) throw new Error('The page has no place for the table')
  const from = start + START.length
  return { before: page.slice(0, from), table: page.slice(from, end), after: page.slice(end) }
}
