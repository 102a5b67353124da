import type { RecordedRequest } from 'sse-stream-kit/testing'
import { within } from '../within.ts'

/** Resolves when the exchange of a request with a fake upstream is over. */
export async function requestClosed(request: RecordedRequest | undefined): Promise<void> {
  if (request === undefined) throw new Error('The upstream has not received this request')
  const { index, method, url } = request
  await within(`end of request ${index} to the upstream (${method} ${url})`, request.closed)
}
