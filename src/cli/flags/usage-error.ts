/** What is wrong with the arguments, in one line that names the flag. */
export class UsageError extends Error {
  override name = 'UsageError' as const
}
