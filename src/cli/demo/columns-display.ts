import type { TextOutput } from '../host-process.ts'
import { type DemoDisplay, type DemoSide, SIDE_NAMES } from './demo-display.ts'
import { cellWidth, wrapText } from './wrap-text.ts'

/** In a narrower terminal, a column is too narrow for words. */
export const MIN_COLUMNS = 50

const REDRAW_MS = 50
/** Rows of the heads of the columns and of the output below them. */
const ROWS_AROUND = 18
const GUTTER = ' │ '
const ESC = '\x1b['
const BOLD = `${ESC}1m`
const DIM = `${ESC}2m`
const GREEN = `${ESC}32m`
const RESET = `${ESC}0m`
const HIDE_CURSOR = `${ESC}?25l`
const SHOW_CURSOR = `${ESC}?25h`
const CLEAR_TO_END_OF_LINE = `${ESC}K`

interface Column {
  text: string
  firstMs: number | undefined
  totalMs: number | undefined
  heartbeats: number
}

/** Shows two responses in two columns of a terminal, each with a clock, redrawn in place. */
export class ColumnsDisplay implements DemoDisplay {
  readonly #output: TextOutput
  readonly #width: number
  readonly #height: number
  readonly #columns: Record<DemoSide, Column> = {
    buffered: { text: '', firstMs: undefined, totalMs: undefined, heartbeats: 0 },
    streamed: { text: '', firstMs: undefined, totalMs: undefined, heartbeats: 0 },
  }
  #startedAt = 0
  #timer: ReturnType<typeof setInterval> | undefined
  #hasDrawn = false
  /** The side with the first token. */
  #winner: DemoSide | undefined

  constructor(output: TextOutput) {
    this.#output = output
    // Read once: lines that a terminal wraps after a resize cannot be redrawn.
    const columns = Math.min(output.columns ?? 80, 120)
    this.#width = Math.floor((columns - 1 - GUTTER.length) / 2)
    this.#height = Math.min(Math.max((output.rows ?? 24) - ROWS_AROUND, 3), 16)
  }

  start(): void {
    this.#startedAt = performance.now()
    this.#output.write(HIDE_CURSOR)
    this.#timer = setInterval(() => this.#draw(), REDRAW_MS)
    this.#draw()
  }

  token(side: DemoSide, text: string, atMs: number): void {
    const column = this.#columns[side]
    column.text += text
    column.firstMs ??= atMs
    this.#winner ??= side
  }

  heartbeat(side: DemoSide): void {
    this.#columns[side].heartbeats++
  }

  done(side: DemoSide, totalMs: number): void {
    this.#columns[side].totalMs = totalMs
  }

  stop(): void {
    if (this.#timer === undefined) return
    clearInterval(this.#timer)
    this.#timer = undefined
    this.#draw()
    this.#output.write(SHOW_CURSOR)
  }

  #draw(): void {
    const left = this.#lines('buffered')
    const right = this.#lines('streamed')
    const lines = left.map((line, row) => `${line}${DIM}${GUTTER}${RESET}${right[row] ?? ''}`)
    const back = this.#hasDrawn ? `${ESC}${lines.length}A\r` : ''
    this.#hasDrawn = true
    // In one write, so that the terminal never shows half of it.
    this.#output.write(back + lines.map((line) => `${line}${CLEAR_TO_END_OF_LINE}\n`).join(''))
  }

  #lines(side: DemoSide): string[] {
    const { text, firstMs, totalMs, heartbeats } = this.#columns[side]
    const clock = this.#clock(firstMs, totalMs)
    const style = firstMs === undefined ? DIM : GREEN
    const shown = text === '' ? [] : wrapText(text, this.#width).slice(-this.#height)
    const body = Array.from({ length: this.#height }, (_, row) => this.#cell(shown[row] ?? ''))
    return [
      `${BOLD}${this.#cell(side === this.#winner ? `${SIDE_NAMES[side]} * first` : SIDE_NAMES[side])}${RESET}`,
      `${style}${this.#cell(clock)}${RESET}`,
      `${DIM}${this.#cell(heartbeats === 0 ? '' : `heartbeats ${heartbeats}`)}${RESET}`,
      this.#cell(''),
      ...body,
    ]
  }

  #clock(firstMs: number | undefined, totalMs: number | undefined): string {
    const at = seconds(totalMs ?? performance.now() - this.#startedAt)
    const now = totalMs === undefined ? `now ${at}` : `end ${at}`
    if (firstMs === undefined) return `waiting, ${now}`
    const clock = `first token ${seconds(firstMs)}, ${now}`
    if (clock.length <= this.#width) return clock
    return `first ${seconds(firstMs)}, ${now}`.replaceAll(' s', 's')
  }

  #cell(text: string): string {
    const line = cellWidth(text) > this.#width ? (wrapText(text, this.#width)[0] ?? '') : text
    return line + ' '.repeat(this.#width - cellWidth(line))
  }
}

function seconds(durationMs: number): string {
  return `${(durationMs / 1000).toFixed(1)} s`
}
