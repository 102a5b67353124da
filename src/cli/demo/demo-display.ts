/** The two sides of the demo. */
export type DemoSide = 'buffered' | 'streamed'

/** The names of the sides in the output. */
export const SIDE_NAMES: Readonly<Record<DemoSide, string>> = {
  buffered: 'buffering proxy',
  streamed: 'sse-stream-kit',
}

/** Shows two responses while they arrive. */
export interface DemoDisplay {
  start(): void
  token(side: DemoSide, text: string, atMs: number): void
  heartbeat(side: DemoSide, atMs: number): void
  /** Called when one side has ended. */
  done(side: DemoSide, totalMs: number): void
  /** Called when both have ended, or the process is about to exit. */
  stop(): void
}
