import ts from 'typescript'

/** Text that a change looks for; in a string, whitespace stands for any whitespace. */
export type Pattern = string | RegExp

/** What a change does to a function, class member or constant. */
export type Edit =
  | { readonly kind: 'empty' }
  | { readonly kind: 'gives'; readonly value: string }
  | { readonly kind: 'drop'; readonly pattern: Pattern }
  | { readonly kind: 'swap'; readonly pattern: Pattern; readonly replacement: string }

/**
 * A change to what has a name, whatever file it is in: `decideVerdict`, `Watchdog.dispose`, `sseProxy.close`; with the
 * folder before it where two folders have the name: `http/requestUrl`.
 */
export interface Change {
  readonly anchor: string
  readonly edit: Edit
}

/** Empties the body of a function. */
export function empty(anchor: string): Change {
  return { anchor, edit: { kind: 'empty' } }
}

/** Makes a function return another value, or gives it to a constant. */
export function gives(anchor: string, value: string): Change {
  return { anchor, edit: { kind: 'gives', value } }
}

/** Removes the innermost statement, or element of a list, that the pattern matches; there must be one. */
export function drop(anchor: string, pattern: Pattern): Change {
  return { anchor, edit: { kind: 'drop', pattern } }
}

/** Replaces the match of the pattern; there must be one. */
export function swap(anchor: string, pattern: Pattern, replacement: string): Change {
  return { anchor, edit: { kind: 'swap', pattern, replacement } }
}

interface Anchor {
  readonly path: string
  readonly node: ts.Node
}

/** The named functions, class members and constants of sources, and what changes to them give. */
export class SourceAnchors {
  readonly #sources: ReadonlyMap<string, string>
  readonly #anchors = new Map<string, Anchor[]>()

  constructor(sources: ReadonlyMap<string, string>) {
    this.#sources = sources
    for (const [path, text] of sources) {
      const visit = (node: ts.Node, outer: string): void => {
        const own = nameOf(node)
        const name = own === undefined ? outer : outer === '' ? own : `${outer}.${own}`
        if (own !== undefined) {
          this.#anchors.set(name, [...(this.#anchors.get(name) ?? []), { path, node }])
        }
        ts.forEachChild(node, (child) => visit(child, name))
      }
      visit(ts.createSourceFile(path, text, ts.ScriptTarget.ES2022, true), '')
    }
  }

  /**
   * Returns the new text of each file that the changes change, by path.
   *
   * @throws Error if an anchor or what its edit looks for is not there exactly once
   */
  changed(changes: readonly Change[]): Map<string, string> {
    const result = new Map<string, string>()
    for (const { anchor: name, edit } of changes) {
      const found = this.#find(name)
      const { path } = found
      const before = result.get(path)
      const { node } =
        before === undefined ? found : new SourceAnchors(new Map([[path, before]])).#find(name)
      const text = before ?? this.#sources.get(path) ?? ''
      result.set(path, applied(edit, node, text, name))
    }
    return result
  }

  #find(anchor: string): Anchor {
    const [, folder = '', name = ''] = /^(.*\/)?([^/]+)$/.exec(anchor) ?? []
    const named = this.#anchors.get(name) ?? []
    const found = named.filter(({ path }) => path.startsWith(folder))
    const [only] = found
    if (only === undefined || found.length > 1) {
      const places = found.map(({ path }) => path).join(', ') || 'nowhere'
      throw new Error(`Cannot change ${anchor}: it must be in one place, and is in: ${places}`)
    }
    return only
  }
}

function nameOf(node: ts.Node): string | undefined {
  if (ts.isConstructorDeclaration(node)) return 'constructor'
  if (ts.isFunctionDeclaration(node)) return node.body && node.name?.text
  const isNamed =
    ts.isClassDeclaration(node) ||
    ts.isMethodDeclaration(node) ||
    ts.isAccessor(node) ||
    ts.isPropertyDeclaration(node) ||
    ts.isVariableDeclaration(node) ||
    (ts.isPropertyAssignment(node) && ts.isFunctionLike(node.initializer))
  return isNamed ? node.name?.getText() : undefined
}

/** The function that a declaration declares, or its value. */
function declaredValue(node: ts.Node): ts.Node | undefined {
  const hasValue =
    ts.isVariableDeclaration(node) ||
    ts.isPropertyDeclaration(node) ||
    ts.isPropertyAssignment(node)
  return hasValue ? node.initializer : node
}

/** Returns the text of a file after an edit to one of its nodes. */
function applied(edit: Edit, node: ts.Node, text: string, name: string): string {
  const put = (start: number, end: number, replacement: string): string =>
    text.slice(0, start) + replacement + text.slice(end)
  if (edit.kind === 'drop') {
    const pattern = toRegExp(edit.pattern)
    const found = innermost(node, pattern)
    const [only] = found
    if (only === undefined || found.length > 1) throw notOnce(name, pattern, found.length)
    if (ts.isStatement(only)) return put(only.getStart(), only.end, ';')
    return put(only.getStart(), only.end + (text.charAt(only.end) === ',' ? 1 : 0), '')
  }
  if (edit.kind === 'swap') {
    const pattern = toRegExp(edit.pattern)
    const own = node.getText()
    const count = [...own.matchAll(pattern)].length
    if (count !== 1) throw notOnce(name, pattern, count)
    return put(
      node.getStart(),
      node.end,
      own.replace(pattern, () => edit.replacement),
    )
  }
  const value = declaredValue(node)
  if (value === undefined) throw new Error(`Cannot change ${name}: it has no value`)
  const given = edit.kind === 'gives' ? edit.value : 'undefined'
  if (!ts.isFunctionLike(value)) return put(value.getStart(), value.end, given)
  const { body } = value as { body?: ts.Node }
  if (body === undefined) throw new Error(`Cannot change ${name}: it has no body`)
  return put(body.getStart(), body.end, edit.kind === 'gives' ? `{ return ${given} }` : '{}')
}

function toRegExp(pattern: Pattern): RegExp {
  if (typeof pattern !== 'string') return new RegExp(pattern, 'g')
  const literal = pattern.replace(/[.*+?^${}()|[\]\\]/g, '\\$&').replace(/\s+/g, '\\s+')
  return new RegExp(literal, 'g')
}

function notOnce(name: string, pattern: RegExp, count: number): Error {
  return new Error(`Cannot change ${name}: ${pattern} must match once, and does ${count} times`)
}

/** The statements, and the elements of lists, that a pattern matches and that hold no smaller one that it matches. */
function innermost(node: ts.Node, pattern: RegExp): ts.Node[] {
  const found: ts.Node[] = []
  const visit = (one: ts.Node): boolean => {
    let isInside = false
    ts.forEachChild(one, (child) => {
      if (visit(child)) isInside = true
    })
    if (isInside) return true
    const isDroppable = one !== node && !ts.isBlock(one) && (ts.isStatement(one) || isElement(one))
    if (!isDroppable || one.getText().search(pattern) < 0) return false
    found.push(one)
    return true
  }
  visit(node)
  return found
}

function isElement(node: ts.Node): boolean {
  const { parent } = node
  return (
    ts.isArrayLiteralExpression(parent) ||
    (ts.isObjectLiteralExpression(parent) && ts.isObjectLiteralElement(node))
  )
}
