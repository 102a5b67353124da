import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** The text of each TypeScript file of a folder, by its path in there. */
export function readSources(folder: string): Map<string, string> {
  return new Map(
    readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((path) => path.endsWith('.ts'))
      .map((path) => [path, readFileSync(join(folder, path), 'utf8')]),
  )
}
