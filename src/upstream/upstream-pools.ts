import { createUpstreamPool, type UpstreamPool, type UpstreamPoolOptions } from './upstream-pool.ts'

/** Pools that differ only in how long a connection may take: that is a matter of the pool, not of the call. */
export class UpstreamPools {
  readonly #options: UpstreamPoolOptions
  readonly #byConnectMs = new Map<number, UpstreamPool>()

  /** @throws RangeError for a number out of range */
  constructor(options: UpstreamPoolOptions, connectMs: number) {
    this.#options = options
    this.fetchFor(connectMs)
  }

  /** Gives the `fetch` over connections that are made within so many milliseconds. */
  readonly fetchFor = (connectMs: number): typeof fetch => {
    let pool = this.#byConnectMs.get(connectMs)
    if (pool === undefined) {
      pool = createUpstreamPool(this.#options, connectMs)
      this.#byConnectMs.set(connectMs, pool)
    }
    return pool.fetch
  }

  /** Closes all connections now. */
  async destroy(): Promise<void> {
    await Promise.all([...this.#byConnectMs.values()].map((pool) => pool.destroy()))
  }
}
