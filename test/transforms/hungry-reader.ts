import { HeartbeatInjector, type HeartbeatInjectorOptions } from 'sse-stream-kit/streams'
import { vi } from 'vitest'
import { settled } from '../support/settled.ts'
import { bytes } from '../support/sse/bytes.ts'
import { HandFed } from '../support/streams/hand-fed.ts'

/** What a test does with such a stream. */
export interface HungryReader {
  source: HandFed
  chunks: Uint8Array[]
  /** All that has come so far. */
  text(): string
  /** Lets the source give chunks, one after the other. */
  give(...parts: (string | Uint8Array)[]): Promise<void>
  /** Lets time pass. */
  wait(waitMs: number): Promise<void>
  /** Closes the source, and waits for the end. */
  end(): Promise<void>
  cancel(): Promise<void>
}

/** A stream with a reader that asks for the next chunk as soon as it has one. */
export function hungry(options?: HeartbeatInjectorOptions): HungryReader {
  const source = new HandFed()
  const reader = source.readable.pipeThrough(new HeartbeatInjector(options)).getReader()
  const chunks: Uint8Array[] = []
  const done = (async () => {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return
      chunks.push(value)
    }
  })()
  return {
    source,
    chunks,
    text: () => new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes(...chunks)),
    give: async (...parts: (string | Uint8Array)[]) => {
      for (const part of parts) {
        source.give(bytes(part))
        await settled()
      }
    },
    wait: async (waitMs: number) => {
      await settled()
      await vi.advanceTimersByTimeAsync(waitMs)
      await settled()
    },
    end: async () => {
      source.close()
      await done
    },
    cancel: () => reader.cancel(),
  }
}
