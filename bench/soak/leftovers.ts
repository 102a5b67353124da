import { setImmediate as turn } from 'node:timers/promises'

/** Resources that keep the process alive, besides those that existed before. */
export function leftovers(before: readonly string[], now: readonly string[]): string[] {
  const known = [...before]
  return now.filter((name) => {
    const at = known.indexOf(name)
    if (at >= 0) known.splice(at, 1)
    return at < 0
  })
}

/** Resolves when nothing is left, or to what is left at the deadline in milliseconds. */
export async function settledLeftovers(look: () => string[], withinMs: number): Promise<string[]> {
  const until = performance.now() + withinMs
  for (;;) {
    const left = look()
    if (left.length === 0 || performance.now() > until) return left
    await turn()
  }
}
