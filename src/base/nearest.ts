/**
 * Returns the known name that a mistyped one probably stands for, or `undefined`. It differs by at most two
 * insertions, deletions, replacements or swaps of neighbours (one per three letters), or continues the given name
 * (`timeout`, `timeouts`).
 */
export function nearest(given: string, names: readonly string[]): string | undefined {
  const limit = Math.min(2, Math.floor(given.length / 3))
  let best: string | undefined
  let bestDistance = limit + 1
  for (const name of names) {
    const distance = editDistance(given.toLowerCase(), name.toLowerCase())
    if (distance < bestDistance) {
      best = name
      bestDistance = distance
    }
  }
  if (best !== undefined || given.length < 3) return best
  return names.find((name) => name.toLowerCase().startsWith(given.toLowerCase()))
}

/** The optimal string alignment distance: insertions, deletions, replacements, and swaps of neighbours. */
function editDistance(from: string, to: string): number {
  let before: number[] = []
  let previous = Array.from({ length: to.length + 1 }, (_, index) => index)
  for (let row = 0; row < from.length; row++) {
    const current = [row + 1]
    for (let column = 0; column < to.length; column++) {
      const replaced = (previous[column] ?? 0) + (from[row] === to[column] ? 0 : 1)
      const changed = Math.min(previous[column + 1] ?? 0, current[column] ?? 0) + 1
      const isSwapped = row > 0 && from[row] === to[column - 1] && from[row - 1] === to[column]
      const swapped = isSwapped ? (before[column - 1] ?? 0) + 1 : Infinity
      current.push(Math.min(replaced, changed, swapped))
    }
    before = previous
    previous = current
  }
  return previous.at(-1) ?? 0
}
