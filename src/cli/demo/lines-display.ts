import type { TextOutput } from '../host-process.ts'
import { type DemoDisplay, type DemoSide, SIDE_NAMES } from './demo-display.ts'
import { wrapText } from './wrap-text.ts'

const LINE_WIDTH = 60

/** Shows two responses as plain lines with time, side and text, each when it is full. Without escape codes. */
export class LinesDisplay implements DemoDisplay {
  readonly #output: TextOutput
  readonly #texts: Record<DemoSide, string | undefined> = {
    buffered: undefined,
    streamed: undefined,
  }

  constructor(output: TextOutput) {
    this.#output = output
  }

  start(): void {}

  token(side: DemoSide, text: string, atMs: number): void {
    if (this.#texts[side] === undefined) this.#print(side, '(first token)', atMs)
    const lines = wrapText((this.#texts[side] ?? '') + text, LINE_WIDTH)
    this.#texts[side] = lines.pop() ?? ''
    for (const line of lines) this.#print(side, line, atMs)
  }

  heartbeat(side: DemoSide, atMs: number): void {
    this.#print(side, '(heartbeat)', atMs)
  }

  done(side: DemoSide, totalMs: number): void {
    this.#print(side, this.#texts[side] ?? '', totalMs)
    this.#print(side, '(end)', totalMs)
  }

  stop(): void {}

  #print(side: DemoSide, line: string, atMs: number): void {
    if (line === '') return
    const seconds = (atMs / 1000).toFixed(2).padStart(6)
    this.#output.write(`${seconds} s  ${SIDE_NAMES[side].padEnd(15)}  ${line}\n`)
  }
}
