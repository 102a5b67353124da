import { type FakeUpstream, fakeUpstream } from 'sse-stream-kit/testing'
import { onTestFinished } from 'vitest'

/** A fake upstream that closes when the test is over. */
export function openUpstream(...args: Parameters<typeof fakeUpstream>): FakeUpstream {
  const upstream = fakeUpstream(...args)
  onTestFinished(() => upstream.close())
  return upstream
}
