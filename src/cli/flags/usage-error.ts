/** Wrong arguments: a message of one line that names the flag. */
export class UsageError extends Error {
  override name = 'UsageError' as const
}
