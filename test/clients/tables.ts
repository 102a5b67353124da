import type { CaseName } from './cases.ts'
import type { Sight } from './see.ts'
import type { AllSights, Sights } from './see-all.ts'

/** The documented tables: where they are, and how they are written. */
export const TABLES: readonly {
  page: string
  name: string
  table: (all: AllSights) => string
}[] = [
  { page: 'docs/llm.md', name: 'clients and broken streams', table: breakTable },
  { page: 'docs/heartbeats.md', name: 'clients and heartbeats', table: heartbeatTable },
  { page: 'README.md', name: 'clients in short', table: shortTable },
]

/** Replaces a table in the text of its page. */
export function withTable(text: string, name: string, table: string): string {
  const start = `<!-- ${name}: written by npm run test:clients -- --write -->`
  const end = `<!-- end of ${name} -->`
  const from = text.indexOf(start)
  const to = text.indexOf(end)
  if (from < 0 || to < from) throw new Error(`The page has no place for the table: ${start} ${end}`)
  return `${text.slice(0, from + start.length)}\n\n${table}\n\n${text.slice(to)}`
}

const SOURCES: Readonly<Record<string, string>> = {
  data: 'an event with `error`',
  onerror: '`onerror`',
  object: '`error` object',
}

function cell({ text, error, finishReason, requests = 1, waits = [] }: Sight): string {
  const seconds = waits.join(' s, ')
  if (error !== undefined) {
    const [name = ''] = error.split(':')
    const repeats = waits.length > 0 ? `, repeats after ${seconds} s` : ''
    return `${SOURCES[name] ?? `\`${name}\``}${repeats}`
  }
  if (text === 'all') return requests === 1 ? 'complete' : `repeats after ${seconds} s`
  return finishReason === undefined ? '**no error**' : `**no error**, \`${finishReason}\``
}

/** The cell of a case in which the proxy makes no difference. */
function sameCell(sights: Sights | undefined): string {
  const [without, proxied] = cells(sights)
  if (without !== proxied) throw new Error(`Not the same: ${without} and ${proxied}`)
  return without
}

function cells(sights: Sights | undefined): [without: string, proxied: string] {
  if (sights === undefined) throw new Error('A client has no such case')
  return [cell(sights.without), cell(sights.with)]
}

function written(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [head, head.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n')
}

function rowsOf(all: AllSights, columns: (sights: (name: CaseName) => Sights) => string[]) {
  return Object.keys(all['normal stream']).map((client) => [
    client,
    ...columns((name) => all[name][client] as Sights),
  ])
}

function breakTable(all: AllSights): string {
  return written(
    [
      'client',
      'ends early: without',
      'ends early: **with**',
      'connection breaks: without',
      'connection breaks: **with** `event-then-break`',
      'error event: both',
      'status 429: both',
    ],
    rowsOf(all, (of) => [
      ...cells(of('clean end before the terminal mark')),
      ...cells(of('broken connection, event-then-break')),
      sameCell(of('error event of the model')),
      sameCell(of('status 429')),
    ]),
  )
}

function heartbeatTable(all: AllSights): string {
  return written(
    [
      'client',
      'heartbeats before every event',
      'heartbeats before the response head',
      '429: without `commitAfterMs`',
      '429: after the committed head',
    ],
    rowsOf(all, (of) => [
      sameCell(of('heartbeats before every event')),
      sameCell(of('slow prefill')),
      ...cells(of('status 429 after a slow prefill')),
    ]),
  )
}

/** Groups the clients by what they do. */
function shortTable(all: AllSights): string {
  const groups = new Map<string, string[]>()
  const sights = all['clean end before the terminal mark']
  for (const [client, { without, with: proxied }] of Object.entries(sights)) {
    const row = [without, proxied].map((sight) =>
      sight.error !== undefined && sight.waits === undefined ? 'an error' : cell(sight),
    )
    const key = row.join('|')
    groups.set(key, [...(groups.get(key) ?? []), client])
  }
  const rows = [...groups].map(([key, clients]) => [clients.join('; '), ...key.split('|')])
  return written(['client', 'without', 'with this library'], rows)
}
