import { BenchChild } from '../processes/bench-child.ts'
import type { StreamBytes } from './stream-bytes.ts'
import type { UpstreamQuestion, UpstreamReport } from './upstream-process.ts'

export interface Flood {
  stream: number
  /** Events so far; those of the last write may still be in the upstream's process. */
  events: number
  /** Of the proxy's connection. */
  port: number
}

/** The upstream in its process. */
export class UpstreamChild {
  readonly bytes: StreamBytes
  readonly pid: number
  readonly #child: BenchChild<UpstreamReport>
  #port = 0

  constructor(bytes: StreamBytes) {
    this.bytes = bytes
    this.#child = new BenchChild('upstream-process', { args: [bytes.api] })
    this.pid = this.#child.pid
  }

  get port(): number {
    return this.#port
  }

  get origin(): string {
    return `http://127.0.0.1:${this.#port}`
  }

  /** Resolves when it listens. */
  async ready(): Promise<void> {
    this.#port = (await this.#child.started).port
  }

  report(): Promise<UpstreamReport> {
    return this.#ask({ ask: 'report' })
  }

  /** Sets the time between two events of every paced stream; 0 for no more events. */
  async pace(everyMs: number): Promise<void> {
    await this.#ask({ ask: 'pace', everyMs })
  }

  /** Ends all paced streams, and returns by stream how many events it was sent before its terminal mark. */
  async endStreams(): Promise<Map<number, number>> {
    const { rows } = await this.#ask({ ask: 'end' })
    return new Map(rows.map(([stream = 0, events = 0]) => [stream, events]))
  }

  /** The paced streams that the proxy has closed since the last call, with the time of the monotonic clock. */
  async closes(): Promise<Map<number, number>> {
    const { rows } = await this.#ask({ ask: 'closes' })
    return new Map(rows.map(([stream = 0, atMs = 0]) => [stream, atMs]))
  }

  async floods(): Promise<Flood[]> {
    const { rows } = await this.#ask({ ask: 'floods' })
    return rows.map(([stream = 0, events = 0, port = 0]) => ({ stream, events, port }))
  }

  /** Breaks every connection: streams that are still open, and those kept for later. */
  async reset(): Promise<void> {
    await this.#ask({ ask: 'reset' })
  }

  close(): Promise<void> {
    return this.#child.close()
  }

  #ask(question: UpstreamQuestion): Promise<UpstreamReport> {
    return this.#child.ask(question)
  }
}
