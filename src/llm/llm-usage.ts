/** The numbers of tokens that a stream states: exactly those, none of them added up or guessed. */
export interface LlmUsage {
  inputTokens?: number | undefined
  outputTokens?: number | undefined
  /** Input read from a cache. */
  cachedInputTokens?: number | undefined
  /** Input written to a cache. */
  cacheCreationInputTokens?: number | undefined
  reasoningTokens?: number | undefined
  totalTokens?: number | undefined
}

/** Where each number stands in a usage object: the paths of its keys, with dots between them; the first that is there. */
export type UsagePaths = { readonly [Name in keyof LlmUsage]?: readonly string[] }

/** Reads the numbers of a usage object; `undefined` where it states none. */
export function readUsage(usage: unknown, paths: UsagePaths): LlmUsage | undefined {
  if (typeof usage !== 'object' || usage === null) return
  const found: LlmUsage = {}
  for (const [name, places] of Object.entries(paths) as [keyof LlmUsage, readonly string[]][]) {
    for (const path of places) {
      const value = valueAt(usage, path)
      if (typeof value === 'number') found[name] ??= value
    }
  }
  return Object.keys(found).length > 0 ? found : undefined
}

/** Returns what stands at a path of keys in a JSON value, with dots between them. */
export function valueAt(json: unknown, path: string): unknown {
  let value = json
  for (const key of path.split('.')) {
    if (typeof value !== 'object' || value === null) return
    value = (value as Record<string, unknown>)[key]
  }
  return value
}
