/** A compressor of `node:zlib`, by shape. */
export interface ZlibCoder {
  on(event: 'data', listener: (chunk: Uint8Array) => void): unknown
  on(event: 'end', listener: () => void): unknown
  write(chunk: Uint8Array): boolean
  flush(done: () => void): void
  end(): unknown
}

/** A coder that gives all it can after each piece, so that no event waits inside of it. */
export class FlushedCoder {
  readonly #coder: ZlibCoder
  #coded: Uint8Array[] = []

  constructor(coder: ZlibCoder) {
    this.#coder = coder
    coder.on('data', (chunk) => this.#coded.push(chunk))
  }

  /** The coded form of some bytes, as far as the other side needs it to decode them all. */
  code(bytes: Uint8Array): Promise<Uint8Array[]> {
    this.#coder.write(bytes)
    return this.#after((done) => this.#coder.flush(done))
  }

  /** What closes the coded form. */
  end(): Promise<Uint8Array[]> {
    return this.#after((done) => {
      // Not the callback of `end`: it comes before the last bytes do.
      this.#coder.on('end', done)
      this.#coder.end()
    })
  }

  async #after(begin: (done: () => void) => void): Promise<Uint8Array[]> {
    await new Promise<void>((resolve) => begin(resolve))
    return this.#coded.splice(0)
  }
}
