import ts from 'typescript'

/** How a unit is named in words. */
const UNIT = /millisecond|\bbytes\b|\bnumber of\b|\bmany\b|\bshare\b|\bseed\b|\bunit of\b/i

/**
 * Returns the optional members of option types, as `Type.member`, whose documentation does not state the default, or
 * the unit of a number. `isPublic` tells which types count; object types inside of them count too.
 */
export function undocumentedOptions(
  sources: ReadonlyMap<string, string>,
  isPublic: (name: string) => boolean,
): string[] {
  const found: string[] = []
  const visit = (node: ts.Node, owner: string): void => {
    if (ts.isPropertySignature(node) && node.questionToken !== undefined) {
      const name = `${owner}.${node.name.getText()}`
      const docs = ts
        .getJSDocCommentsAndTags(node)
        .map((doc) => doc.getText())
        .join('\n')
      if (!docs.includes('@default')) found.push(`${name}: no @default`)
      const isNumber = /\bnumber\b/.test(node.type?.getText().split(/[{(]/)[0] ?? '')
      if (isNumber && !UNIT.test(docs)) found.push(`${name}: no unit`)
    }
    ts.forEachChild(node, (child) => visit(child, owner))
  }
  for (const [path, text] of sources) {
    const source = ts.createSourceFile(path, text, ts.ScriptTarget.ES2022, true)
    for (const node of source.statements) {
      if (ts.isInterfaceDeclaration(node) && isPublic(node.name.text)) visit(node, node.name.text)
    }
  }
  return found
}
