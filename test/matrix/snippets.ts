import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** Code that a reader may paste: TypeScript blocks of README, docs and doc comments, and the examples. */
export interface Snippet {
  /** Its location, as a file name without an extension. */
  name: string
  code: string
}

const FENCE = /^([ ]*(?:\* )?)```(?:ts|typescript)\b[^\n]*\n([\s\S]*?)^[ ]*(?:\* )?```/gm

/** Returns the snippets of a repository that import only Node and this package. */
export function snippetsOf(root: string): Snippet[] {
  const filesIn = (folder: string, ending: string): string[] =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
      .filter((path) => path.endsWith(ending))
      .map((path) => join(folder, path))
  const pages = ['README.md', ...filesIn('docs', '.md'), ...filesIn('src', '.ts')]
  const blocks = pages.flatMap((path) => {
    const text = readFileSync(join(root, path), 'utf8')
    return [...text.matchAll(FENCE)].map((match) => ({
      name: nameOf(`${path}_${text.slice(0, match.index).split('\n').length + 1}`),
      code: unindented(match[2] ?? '', match[1] ?? ''),
    }))
  })
  const examples = filesIn('examples', '.ts').map((path) => ({
    name: nameOf(path),
    code: readFileSync(join(root, path), 'utf8'),
  }))
  return [...blocks, ...examples].filter(({ code }) => isSelfContained(code))
}

const nameOf = (path: string): string => path.replace(/\.ts$/, '').replaceAll(/\W+/g, '_')

const unindented = (code: string, indent: string): string =>
  code
    .split('\n')
    .map((line) => (line.startsWith(indent) ? line.slice(indent.length) : line.trimStart()))
    .map((line) => (line === '*' && indent.includes('*') ? '' : line))
    .join('\n')

const isSelfContained = (code: string): boolean =>
  [...code.matchAll(/from '([^']+)'/g)].every(([, from = '']) =>
    /^(node:|sse-stream-kit($|\/))/.test(from),
  )
