import type { Transform } from 'node:stream'
import * as zlib from 'node:zlib'
import { UpstreamNetworkError } from '../base/upstream-network-error.ts'
import type { Coding } from '../http/decoded-codings.ts'
import type { BodySink, PushedBody } from './pushed-body.ts'

/** What controls the request whose answer is decoded. */
export interface RequestControl {
  /** Lets the upstream go on after `push` returned false. */
  resume(): void
  /** Ends the request. */
  abort(reason: Error): void
}

/**
 * Decodes the bytes of an answer into its body. Each chunk gives at once what can be decoded of it, so that events
 * are not delayed. A missing end is no error, as in browsers.
 *
 * Holds what zlib holds for each coding. While the body is full it takes no more.
 */
export class DecodingSink implements BodySink {
  readonly #body: PushedBody
  /** In the order in which they are taken off. */
  readonly #codings: readonly Coding[]
  readonly #request: RequestControl
  #decoders: readonly Transform[] = []

  constructor(body: PushedBody, codings: readonly Coding[], request: RequestControl) {
    this.#body = body
    this.#codings = codings
    this.#request = request
    body.onWanted = () => this.#decoders.at(-1)?.resume()
  }

  push(chunk: Uint8Array): boolean {
    if (chunk.length === 0) return true
    // Not before the first byte: an empty body is empty, and not one that breaks off.
    if (this.#decoders.length === 0) this.#decoders = this.#chain(chunk)
    return this.#decoders[0]?.write(chunk) ?? true
  }

  end(): void {
    if (this.#decoders.length === 0) this.#body.end()
    else this.#decoders[0]?.end()
  }

  fail(reason: unknown): void {
    for (const decoder of this.#decoders) decoder.destroy()
    this.#body.fail(reason)
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
      if (!this.#body.push(decoded)) last.pause()
    })
    last?.on('end', () => this.#body.end())
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
  // In Node since 22.15, and so not in the types of the oldest one. `decodedCodings` asks whether it is there.
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
