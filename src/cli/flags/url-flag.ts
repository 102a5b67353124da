import { UsageError } from './usage-error.ts'

/**
 * Reads the value of a flag as the URL of a server.
 *
 * @throws {@link UsageError} if it is not an http or https URL, or holds a user name or password
 */
export function urlFlag(flag: string, value: string): URL {
  const url = URL.canParse(value) ? new URL(value) : undefined
  if (url === undefined || (url.protocol !== 'http:' && url.protocol !== 'https:')) {
    // What stands before an @ may be a password, which must not end up in a log.
    const current = value.includes('@') ? '' : `: got "${value}"`
    throw new UsageError(`--${flag} must be an http:// or https:// URL${current}`)
  }
  if (url.username !== '' || url.password !== '') {
    throw new UsageError(`--${flag} must not hold a name or password: use --header for them`)
  }
  return url
}
