import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'
import { expect, it } from 'vitest'

const FILES = ['parsing', 'lines', 'fields']
const HEAD = `# The standard, sentence by sentence

Each sentence of [HTML 9.2.5 and 9.2.6](https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream)
that defines the format, and its test cases. Every case runs under every chunking (whole, every single cut, byte by byte,
inside CRLF and UTF-8, random): for \`SseDecoder\`, and for \`FrameSplitter\`, which must not change a byte.

This page is written by \`npx vitest run --config test/vitest.config.ts test/spec/spec-page.test.ts -u\`.
`

/** The sentences that a test file quotes, each with the names of its cases. */
function sentencesOf(file: string): { quote: string; cases: string[] }[] {
  const path = fileURLToPath(new URL(`${file}.test.ts`, import.meta.url))
  const source = ts.createSourceFile(path, readFileSync(path, 'utf8'), ts.ScriptTarget.ESNext)
  const sentences: { quote: string; cases: string[] }[] = []
  source.forEachChild((node) => {
    if (!ts.isExpressionStatement(node) || !ts.isCallExpression(node.expression)) return
    const { expression, arguments: given } = node.expression
    if (!ts.isIdentifier(expression) || expression.text !== 'sentence') return
    const [quote, cases] = given
    if (quote === undefined || !ts.isStringLiteralLike(quote))
      throw new Error(`Cannot parse ${file}`)
    if (cases === undefined || !ts.isObjectLiteralExpression(cases))
      throw new Error(`Cannot parse ${file}`)
    sentences.push({
      quote: quote.text,
      cases: cases.properties.map(({ name }) => {
        if (name === undefined || !(ts.isStringLiteralLike(name) || ts.isIdentifier(name))) {
          throw new Error(`Cannot parse ${file}: ${quote.text}`)
        }
        return name.text
      }),
    })
  })
  return sentences
}

it('is listed in the docs, with every sentence and every case', async () => {
  let page = HEAD
  for (const file of FILES) {
    const sentences = sentencesOf(file)
    expect(sentences.length).toBeGreaterThan(0)
    page += `\n## test/spec/${file}.test.ts\n`
    for (const { quote, cases } of sentences) {
      page += `\n> ${quote}\n\n${cases.map((name) => `- ${name}`).join('\n')}\n`
    }
  }
  await expect(page).toMatchFileSnapshot('../../docs/spec.md')
})
