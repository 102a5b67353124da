/** Returns `code` with the first match of `what` replaced; throws if there is none. */
export function replaced(code: string, what: RegExp, by: string): string {
  if (!what.test(code)) throw new Error(`Found no ${what} in:\n${code}`)
  return code.replace(what, () => by)
}
