import { relay, SseDecoder } from 'sse-stream-kit/streams'
import { streamOf } from 'sse-stream-kit/testing'
import { expect, it } from 'vitest'

it('holds decoded events by the length of their data, not by their number', async () => {
  const event = `data: ${'x'.repeat(1000)}\n\n`
  const source = streamOf(Array.from({ length: 500 }, () => event))
  const events = relay(source, [SseDecoder.stage()], { watermark: { highBytes: 10_000 } })
  const reader = events.getReader()
  await reader.read()
  // Nothing else is on its way: all that would be read ahead has been read by the next turn.
  await new Promise((resolve) => setImmediate(resolve))
  expect(source.pulls).toBeGreaterThan(5)
  expect(source.pulls).toBeLessThan(15)
  await reader.cancel()
})
