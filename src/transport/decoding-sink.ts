import type { Transform } from 'node:stream'
import * as zlib from 'node:zlib'
import { UpstreamNetworkError } from '../base/upstream-network-error.ts'
import type { Coding } from '../http/decoded-codings.ts'
import { type BodySink, PushedBody, type RequestControl } from './pushed-body.ts'

/**
 * Decodes the bytes of a response into its body. Flushes after each chunk, so that events are not delayed. A missing
 * end is not an error, as in browsers.
 *
 * Holds what zlib holds for each coding. While the body is full, `push` returns false.
 */
export class DecodingSink implements BodySink {
  /** The decoded body. */
  readonly body: PushedBody
  /** In the order of decoding. */
  readonly #codings: readonly Coding[]
  readonly #request: RequestControl
  #decoders: readonly Transform[] = []

  constructor(codings: readonly Coding[], request: RequestControl) {
    this.body = new PushedBody({
      resume: () => void this.#decoders.at(-1)?.resume(),
      abort: (reason) => {
        this.#destroy()
        request.abort(reason)
      },
    })
    this.#codings = codings
    this.#request = request
  }

  push(chunk: Uint8Array): boolean {
    if (chunk.length === 0) return true
    // At the first byte: an empty body is complete, not a truncated stream.
    if (this.#decoders.length === 0) this.#decoders = this.#chain(chunk)
    return this.#decoders[0]?.write(chunk) ?? true
  }

  end(): void {
    if (this.#decoders.length === 0) this.body.end()
    else this.#decoders[0]?.end()
  }

  fail(reason: unknown): void {
    this.#destroy()
    this.body.fail(reason)
  }

  #destroy(): void {
    for (const decoder of this.#decoders) decoder.destroy()
  }

  #chain(beginning: Uint8Array): readonly Transform[] {
    const decoders = this.#codings.map((coding, index) =>
      decoderOf(coding, index === 0 ? beginning : undefined),
    )
    decoders[0]?.on('drain', () => this.#request.resume())
    for (const [index, decoder] of decoders.entries()) {
      decoder.on('error', (error) => {
        this.fail(new UpstreamNetworkError(error))
        this.#request.abort(error)
      })
      const next = decoders[index + 1]
      if (next !== undefined) decoder.pipe(next)
    }
    const last = decoders.at(-1)
    last?.on('data', (decoded: Uint8Array) => {
      if (!this.body.push(decoded)) last.pause()
    })
    last?.on('end', () => this.body.end())
    return decoders
  }
}

function decoderOf(coding: Coding, beginning: Uint8Array | undefined): Transform {
  const { Z_SYNC_FLUSH, BROTLI_OPERATION_FLUSH } = zlib.constants
  const flushed = { flush: Z_SYNC_FLUSH, finishFlush: Z_SYNC_FLUSH }
  if (coding === 'br') {
    const flush = BROTLI_OPERATION_FLUSH
    return zlib.createBrotliDecompress({ flush, finishFlush: flush })
  }
  // Node has it since 22.15, so the types of the oldest Node do not. `decodedCodings` checks that it exists.
  if (coding === 'zstd') return (zlib as unknown as ZstdZlib).createZstdDecompress()
  if (coding !== 'deflate') return zlib.createGunzip(flushed)
  // RFC 9110, 8.4.1.2: "Some non-conformant implementations send the "deflate" compressed data without the zlib
  // wrapper." Its first byte names the method 8.
  const isWrapped = beginning === undefined || ((beginning[0] ?? 0) & 0x0f) === 8
  return isWrapped ? zlib.createInflate(flushed) : zlib.createInflateRaw(flushed)
}

interface ZstdZlib {
  createZstdDecompress(): Transform
}
