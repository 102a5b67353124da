import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { OUTCOMES } from '../../src/base/outcomes.ts'

it('docs/errors.md agrees with the outcome table', () => {
  const page = readFileSync(new URL('../../docs/errors.md', import.meta.url), 'utf8')
  const rows = [...page.matchAll(/^\| `(SSE_\w+)` \|[^|]*\| (\d+) \| `(\w+)` \| (yes|no) \|/gm)]
  expect(
    rows.map(([, code, status, verdict, fault]) => [code, Number(status), verdict, fault]),
  ).toEqual(
    Object.entries(OUTCOMES).map(([code, { status, verdict, isUpstreamFault }]) => [
      code,
      status,
      verdict,
      isUpstreamFault ? 'yes' : 'no',
    ]),
  )
})
