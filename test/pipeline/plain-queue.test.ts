import { expect, it } from 'vitest'
import { FLOW, type ItemSource } from '../../src/base/byte-source.ts'
import { relaySource } from '../../src/pipeline/relay-source.ts'

it('keeps no large piece of memory for a small chunk in it that waits for a slow reader', async () => {
  const memory = new Uint8Array(65_536)
  const source = new ReadableStream<Uint8Array>({
    start(controller) {
      controller.enqueue(memory.subarray(100, 280))
      controller.enqueue(memory.subarray(0, 30_000))
    },
  })
  // In flowing mode, because `read()` always copies.
  const queue = relaySource<Uint8Array>(source, [])
  await new Promise((resolve) => setImmediate(resolve))
  const taken: Uint8Array[] = []
  const { [FLOW]: flow } = queue as ItemSource<Uint8Array>
  flow?.call(queue, (chunk) => void taken.push(chunk))
  expect(taken.map(({ buffer }) => buffer.byteLength)).toEqual([180, 65_536])
})
