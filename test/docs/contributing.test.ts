import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { expect, it } from 'vitest'

const root = new URL('../../', import.meta.url)
const read = (path: string): string => readFileSync(new URL(path, root), 'utf8')
const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> }
const pages = readdirSync(new URL('docs', root), { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.md'))
  .map((name) => `docs/${name.replaceAll('\\', '/')}`)

it.each(['README.md', '.ci/run', ...pages])('%s names only npm scripts that exist', (path) => {
  const named = [...read(path).matchAll(/\bnpm run ([\w:-]+)/g)].map(([, name = '']) => name)
  expect(named.filter((name) => !(name in scripts))).toEqual([])
})

it('docs/contributing.md lists every npm script', () => {
  const page = read('docs/contributing.md')
  const isListed = (name: string): boolean =>
    page.includes(name === 'test' ? '`npm test`' : `\`npm run ${name}\``)
  expect(Object.keys(scripts).filter((name) => name !== 'prepack' && !isListed(name))).toEqual([])
})

it('docs/contributing.md names only files and folders that exist', () => {
  const paths = [
    ...read('docs/contributing.md').matchAll(/`((?:\.ci|src|test|bench|docs)\/[\w./-]*)`/g),
  ]
    .map(([, path = '']) => path)
    .filter((path) => !path.includes('NNN'))
  expect(paths.length).toBeGreaterThan(10)
  expect(paths.filter((path) => !existsSync(new URL(path, root)))).toEqual([])
})

it('every decision is short, in one form, and linked from docs/architecture.md', () => {
  const decisions = pages.filter((path) => path.startsWith('docs/decisions/'))
  expect(decisions.length).toBeGreaterThan(0)
  const linked = [...read('docs/architecture.md').matchAll(/\((decisions\/[\w-]+\.md)\)/g)]
  expect(linked.map(([, path]) => `docs/${path}`).sort()).toEqual(decisions.sort())
  for (const path of decisions) {
    const page = read(path)
    expect(page.split('\n').length, path).toBeLessThan(40)
    const paragraphs = [...page.matchAll(/^\*\*(\w+)\.\*\*/gm)].map(([, title]) => title)
    expect(paragraphs, path).toEqual(['Decision', 'Why', 'Price'])
  }
})
