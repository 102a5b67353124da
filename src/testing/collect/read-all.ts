import { startWait, type Wait } from '../start-wait.ts'
import type { CollectOptions } from './collect-options.ts'
import type { CollectedStream } from './collected-stream.ts'
import { StreamRecorder } from './stream-recorder.ts'

/** Reads a stream to its end and records it, with a pause in milliseconds after each chunk. */
export async function readAll(
  source: ReadableStream<Uint8Array> | Response,
  { maxBytes = 67_108_864, signal }: CollectOptions,
  pauseMsAfter: (chunk: Uint8Array) => number,
): Promise<CollectedStream> {
  const recorder = new StreamRecorder(maxBytes)
  const readable = readableOf(source)
  if (readable === null) return recorder.end()
  const reader = readable.getReader()
  let pause: Wait | undefined
  const cancel = (reason: unknown): void => {
    pause?.stop()
    // Rejects if the stream has errored or the source's cancel throws, which does not change how the stream ended.
    reader.cancel(reason).catch(() => {})
  }
  const onAbort = (): void => cancel(signal?.reason)
  if (signal?.aborted) onAbort()
  signal?.addEventListener('abort', onAbort, { once: true })
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (!done) recorder.add(value)
      if (signal?.aborted) return recorder.stop('cancelled', signal.reason)
      if (done) return recorder.end()
      const pauseMs = pauseMsAfter(value)
      if (pauseMs === 0) continue
      pause = startWait(pauseMs)
      await pause.over
    }
  } catch (error) {
    cancel(error)
    return recorder.stop('error', error)
  } finally {
    signal?.removeEventListener('abort', onAbort)
    reader.releaseLock()
  }
}

function readableOf(
  source: ReadableStream<Uint8Array> | Response,
): ReadableStream<Uint8Array> | null {
  if (!('body' in source)) return source
  if (!source.bodyUsed) return source.body
  throw new TypeError('Cannot collect the response: its body has been read already')
}
