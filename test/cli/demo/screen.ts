const ESC = '\x1b'
const PIECE = new RegExp(`${ESC}\\[[?\\d;]*[A-Za-z]|\\n|\\r|[^${ESC}\\n\\r]+`, 'g')

/** What a terminal shows after it was sent a text; knows the codes that the demo uses, and no others. */
export class Screen {
  readonly lines: string[] = ['']
  isCursorShown = true
  /** How often what was shown has been drawn over. */
  redraws = 0
  #row = 0
  #column = 0

  write(text: string): void {
    for (const [piece] of text.matchAll(PIECE)) {
      if (piece.startsWith(ESC)) this.#code(piece.slice(2))
      else if (piece === '\r') this.#column = 0
      else if (piece === '\n') {
        this.#row++
        this.#column = 0
        this.lines[this.#row] ??= ''
      } else {
        const line = this.lines[this.#row] ?? ''
        this.lines[this.#row] =
          line.slice(0, this.#column) + piece + line.slice(this.#column + piece.length)
        this.#column += piece.length
      }
    }
  }

  #code(code: string): void {
    if (code === '?25l' || code === '?25h') this.isCursorShown = code.endsWith('h')
    else if (/^\d+A$/.test(code)) {
      this.#row -= Number.parseInt(code, 10)
      this.redraws++
    } else if (code === 'K') {
      this.lines[this.#row] = (this.lines[this.#row] ?? '').slice(0, this.#column)
    } else if (!/^\d+m$/.test(code)) throw new Error(`Unknown code ${code}`)
  }
}
