/** The two sides of the demo. */
export type DemoSide = 'buffered' | 'streamed'

/** What each side is called where people read it. */
export const SIDE_NAMES: Readonly<Record<DemoSide, string>> = {
  buffered: 'buffering proxy',
  streamed: 'sse-stream-kit',
}

/** Shows two answers while they come. */
export interface DemoDisplay {
  start(): void
  token(side: DemoSide, text: string, atMs: number): void
  heartbeat(side: DemoSide, atMs: number): void
  /** One side is over. */
  done(side: DemoSide, totalMs: number): void
  /** Both are over, or the program is about to end. */
  stop(): void
}
