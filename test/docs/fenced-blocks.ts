/** A fenced block of a Markdown text. */
export interface FencedBlock {
  /** The line of the first line of code, from 1. */
  line: number
  /** The first word after the fence. */
  language: string
  /** The words after it. */
  flags: readonly string[]
  code: string
}

/** The fenced blocks of a text that name a language, in lists too. */
export function fencedBlocks(text: string): FencedBlock[] {
  const blocks: FencedBlock[] = []
  const lines = text.split('\n')
  for (let at = 0; at < lines.length; at++) {
    const opening = /^(\s*)(`{3,})(\w+)(.*)$/.exec(lines[at] ?? '')
    if (opening === null) continue
    const [, indent = '', fence = '', language = '', rest = ''] = opening
    const start = at + 1
    while (at + 1 < lines.length && lines[at + 1]?.trim() !== fence) at++
    const code = lines.slice(start, at + 1).map((line) => line.slice(indent.length))
    const flags = rest.split(/\s+/).filter((flag) => flag !== '')
    blocks.push({ line: start + 1, language, flags, code: `${code.join('\n')}\n` })
  }
  return blocks
}
