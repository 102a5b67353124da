import { readFileSync, writeFileSync } from 'node:fs'

const PAGE = 'docs/performance.md'

/** Replaces what stands between two markers of the page. */
export function writePage(marker: string, text: string): void {
  const page = readFileSync(PAGE, 'utf8')
  const marked = new RegExp(`(<!-- ${marker}:start -->\\n)[\\s\\S]*(<!-- ${marker}:end -->)`)
  if (!marked.test(page)) throw new Error(`${PAGE} has no markers ${marker} for the results`)
  writeFileSync(
    PAGE,
    page.replace(marked, (_, start, end) => `${start}${text}\n${end}`),
  )
}
