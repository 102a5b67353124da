/**
 * Whether a number of tokens can be added up. An upstream may state any number: a negative one would look like a
 * counter reset, and an infinite one would stay forever.
 */
export function isTokenCount(value: number | undefined): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0
}
