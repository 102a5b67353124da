import { existsSync, readFileSync } from 'node:fs'

/** Returns the version in this package's `package.json`, searched upwards: `dist` and `src` differ in depth. */
export function packageVersion(): string {
  let folder = new URL('.', import.meta.url)
  for (;;) {
    const file = new URL('package.json', folder)
    if (existsSync(file)) {
      const { name, version } = JSON.parse(readFileSync(file, 'utf8')) as Record<string, string>
      if (name === 'sse-stream-kit' && version !== undefined) return version
    }
    const parent = new URL('..', folder)
    if (parent.href === folder.href) return 'unknown'
    folder = parent
  }
}
