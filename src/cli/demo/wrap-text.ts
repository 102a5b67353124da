/** East Asian characters and emoji, which terminals draw two cells wide. */
const WIDE =
  /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{20000}-\u{3fffd}]|\p{Emoji_Presentation}/u

/** Returns the width of a text in terminal cells. */
export function cellWidth(text: string): number {
  let cells = 0
  for (const character of text) {
    if (!/\p{Mark}/u.test(character)) cells += WIDE.test(character) ? 2 : 1
  }
  return cells
}

/**
 * Breaks a text into lines of at most `width` cells, between words where possible.
 *
 * Drops control characters: text of an upstream must not move the terminal's cursor.
 */
export function wrapText(text: string, width: number): string[] {
  const lines: string[] = []
  for (const paragraph of text.split(/\r\n|\r|\n/)) {
    let line = ''
    for (const word of paragraph
      .replaceAll(/\t/g, ' ')
      .replaceAll(/\p{Cc}/gu, '')
      .split(' ')) {
      const longer = line === '' ? word : `${line} ${word}`
      if (cellWidth(longer) <= width) {
        line = longer
        continue
      }
      if (line !== '') lines.push(line)
      line = ''
      for (const character of word) {
        if (cellWidth(line + character) > width) {
          lines.push(line)
          line = ''
        }
        line += character
      }
    }
    lines.push(line)
  }
  return lines
}
