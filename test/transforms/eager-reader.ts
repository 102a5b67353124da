import { HeartbeatInjector, type HeartbeatInjectorOptions } from 'sse-stream-kit/streams'
import { vi } from 'vitest'
import { settled } from '../support/settled.ts'
import { bytes } from '../support/sse/bytes.ts'
import { HandFed } from '../support/streams/hand-fed.ts'

/** The stream of an {@link eagerReader}, and its source. */
export interface EagerReader {
  source: HandFed
  chunks: Uint8Array[]
  /** Everything read so far. */
  text(): string
  /** Enqueues chunks in the source, one after the other. */
  give(...parts: (string | Uint8Array)[]): Promise<void>
  /** Lets time pass. */
  wait(waitMs: number): Promise<void>
  /** Closes the source, and waits for the end. */
  end(): Promise<void>
  cancel(): Promise<void>
}

/** Returns a stream whose reader reads the next chunk as soon as it has one. */
export function eagerReader(options?: HeartbeatInjectorOptions): EagerReader {
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
