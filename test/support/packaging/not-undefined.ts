import ts from 'typescript'

/** Types that the package returns are exact; only types that it accepts have to allow `undefined`. */
const GIVEN = /Summary$|^Collected|^Decoded/

/**
 * Returns the optional properties, as `Type.property`, that refuse `undefined` under
 * `exactOptionalPropertyTypes`, of all types declared in the program's files that `isOurs` accepts.
 */
export function notUndefined(program: ts.Program, isOurs: (path: string) => boolean): string[] {
  const checker = program.getTypeChecker()
  const found: string[] = []
  const acceptsUndefined = (node: ts.TypeNode): boolean => {
    const type = checker.getTypeFromTypeNode(node)
    const parts = type.isUnion() ? type.types : [type]
    const mask = ts.TypeFlags.Undefined | ts.TypeFlags.Unknown
    return parts.some(({ flags }) => (flags & mask) !== 0)
  }
  const visit = (node: ts.Node, owner: string): void => {
    if (ts.isInterfaceDeclaration(node) || ts.isTypeAliasDeclaration(node)) {
      owner = node.name.text
      if (GIVEN.test(owner)) return
    }
    if (
      ts.isPropertySignature(node) &&
      node.questionToken !== undefined &&
      node.type !== undefined &&
      !acceptsUndefined(node.type)
    ) {
      found.push(`${owner}.${node.name.getText()}`)
    }
    ts.forEachChild(node, (child) => visit(child, owner))
  }
  for (const file of program.getSourceFiles()) if (isOurs(file.fileName)) visit(file, '')
  return found.sort()
}
