/**
 * Returns which of some names was likely meant: one that is two letters off at most and not another word, or
 * that the given name is a part of at its start (`timeout`, `timeouts`); `undefined` if none is near.
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

/** How many letters have to be put in, taken out or changed to make one word the other. */
function editDistance(from: string, to: string): number {
  let previous = Array.from({ length: to.length + 1 }, (_, index) => index)
  for (const [row, letter] of [...from].entries()) {
    const current = [row + 1]
    for (const [column, other] of [...to].entries()) {
      const changed = (previous[column] ?? 0) + (letter === other ? 0 : 1)
      current.push(Math.min(changed, (previous[column + 1] ?? 0) + 1, (current[column] ?? 0) + 1))
    }
    previous = current
  }
  return previous.at(-1) ?? 0
}
