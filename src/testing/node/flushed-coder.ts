import * as zlib from 'node:zlib'
import type { BodyCoding } from '../upstream/step.ts'

interface Coder {
  on(event: 'data', listener: (chunk: Uint8Array) => void): unknown
  on(event: 'end', listener: () => void): unknown
  write(chunk: Uint8Array): boolean
  flush(done: () => void): void
  end(): unknown
}

/** zstd exists from Node 22.15 on. */
interface CoderMakers {
  createGzip(): Coder
  createDeflate(): Coder
  createBrotliCompress(): Coder
  createZstdCompress?(): Coder
}

/** A compressor that is flushed after each piece, so that it never holds back an event. */
export class FlushedCoder {
  readonly #coder: Coder
  #coded: Uint8Array[] = []

  /** @throws TypeError for a coding that this runtime does not have */
  constructor(coding: BodyCoding) {
    this.#coder = makeCoder(coding)
    this.#coder.on('data', (chunk) => this.#coded.push(chunk))
  }

  /** Returns the coded form of some bytes, complete enough to decode all of them. */
  code(bytes: Uint8Array): Promise<Uint8Array[]> {
    this.#coder.write(bytes)
    return this.#after((done) => this.#coder.flush(done))
  }

  /** Returns the end of the coded form. */
  end(): Promise<Uint8Array[]> {
    return this.#after((done) => {
      // Not the callback of `end`, which is called before the last bytes are there.
      this.#coder.on('end', done)
      this.#coder.end()
    })
  }

  async #after(begin: (done: () => void) => void): Promise<Uint8Array[]> {
    await new Promise<void>((resolve) => begin(resolve))
    return this.#coded.splice(0)
  }
}

function makeCoder(coding: BodyCoding): Coder {
  const makers: CoderMakers = zlib
  const make = {
    gzip: makers.createGzip,
    deflate: makers.createDeflate,
    br: makers.createBrotliCompress,
    zstd: makers.createZstdCompress,
  }[coding]
  if (make === undefined) {
    throw new TypeError(
      `coding must be one that this runtime has: got "${coding}". zstd needs Node 22.15`,
    )
  }
  return make()
}
