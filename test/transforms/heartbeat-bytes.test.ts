import fc from 'fast-check'
import { HeartbeatInjector, relay } from 'sse-stream-kit/streams'
import { describe, expect, it, vi } from 'vitest'
import { endsAtBoundary } from '../support/sse/boundary-oracle.ts'
import { bytes } from '../support/sse/bytes.ts'
import { referenceDecode } from '../support/sse/reference-decoder.ts'
import { someChunks, someSse } from '../support/sse/some-sse.ts'
import { HandFed } from '../support/streams/hand-fed.ts'
import { watchRejections } from '../support/watch-rejections.ts'
import { watchTimers } from '../support/watch-timers.ts'
import { eagerReader } from './eager-reader.ts'

const HEARTBEAT = ': keepalive\n\n'
const INTERVAL_MS = 15_000

watchRejections()
watchTimers()

describe('the bytes of a HeartbeatInjector', () => {
  describe('with a byte order mark behind a heartbeat', () => {
    it.each([
      ['whole', [bytes(0xef, 0xbb, 0xbf, 'data: 1\n\n')], 'data: 1\n\n'],
      [
        'byte by byte',
        [bytes(0xef), bytes(0xbb), bytes(0xbf), bytes('data: 1\n\n')],
        'data: 1\n\n',
      ],
      ['and nothing else', [bytes(0xef, 0xbb, 0xbf)], ''],
    ])('drops it: %s', async (_, chunks, text) => {
      const stream = eagerReader()
      await stream.wait(INTERVAL_MS)
      await stream.give(...chunks)
      await stream.end()
      expect(stream.text()).toBe(`${HEARTBEAT}${text}`)
    })

    it.each([
      ['one byte of it', bytes(0xef, 'data: 1\n\n')],
      ['two bytes of it', bytes(0xef, 0xbb, '\n\n')],
      ['two bytes of it, and the end', bytes(0xef, 0xbb)],
      ['none of it', bytes('data: 1\n\n')],
    ])('drops nothing of %s', async (_, input) => {
      const stream = eagerReader()
      await stream.wait(INTERVAL_MS)
      await stream.give(...Array.from(input, (byte) => bytes(byte)))
      await stream.end()
      expect(bytes(...stream.chunks)).toEqual(bytes(HEARTBEAT, input))
    })

    it('emits none while it holds a part of it', async () => {
      const stream = eagerReader()
      await stream.wait(INTERVAL_MS)
      await stream.give(bytes(0xef))
      await stream.wait(INTERVAL_MS * 2)
      expect(stream.text()).toBe(HEARTBEAT)
      await stream.cancel()
    })

    it('keeps one that comes later', async () => {
      const stream = eagerReader()
      await stream.wait(INTERVAL_MS)
      await stream.give('data: 1\n\n', bytes(0xef, 0xbb, 0xbf, 'data: 2\n\n'))
      await stream.end()
      expect(stream.text()).toBe(`${HEARTBEAT}data: 1\n\n\ufeffdata: 2\n\n`)
    })
  })

  it('changes no other byte and no event, whatever the chunks and whenever it speaks', async () => {
    const waits = fc.array(fc.constantFrom(0, 0, 40, 100, 250), { maxLength: 40 })
    await fc.assert(
      fc.asyncProperty(
        someChunks(someSse),
        waits,
        fc.boolean(),
        fc.constantFrom(': the heartbeat\n\n', ': the heartbeat\n', ': the heartbeat\r\n'),
        async (chunks, waitsMs, isFused, frame) => {
          const source = new HandFed()
          const options = { intervalMs: 100, frame }
          const readable = isFused
            ? relay(source.readable, [HeartbeatInjector.stage(options)])
            : source.readable.pipeThrough(new HeartbeatInjector(options))
          const pieces: Uint8Array[] = []
          const reading = (async () => {
            for await (const piece of readable) pieces.push(piece)
          })()
          for (const [index, chunk] of chunks.entries()) {
            await vi.advanceTimersByTimeAsync(waitsMs[index] ?? 0)
            source.give(chunk)
            await vi.advanceTimersByTimeAsync(0)
          }
          await vi.advanceTimersByTimeAsync(waitsMs.at(-1) ?? 0)
          source.close()
          await reading
          const input = bytes(...chunks)
          const sent: Uint8Array[] = []
          for (const piece of pieces) {
            const isHeartbeat = new TextDecoder().decode(piece) === frame
            if (isHeartbeat) expect(endsAtBoundary(bytes(...sent))).toBe(true)
            else sent.push(piece)
          }
          const isBomDropped =
            new TextDecoder().decode(pieces[0]) === frame &&
            input[0] === 0xef &&
            input[1] === 0xbb &&
            input[2] === 0xbf
          expect(bytes(...sent)).toEqual(isBomDropped ? input.subarray(3) : input)
          const said = referenceDecode(bytes(...pieces))
          expect(
            said.filter((one) => one.is !== 'comment' || one.comment !== 'the heartbeat'),
          ).toEqual(referenceDecode(input))
        },
      ),
      { numRuns: 400 },
    )
  })
})
