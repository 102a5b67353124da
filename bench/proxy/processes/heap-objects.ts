import { getHeapSnapshot } from 'node:v8'

/** Objects of one kind on the heap. */
export interface HeapObjects {
  count: number
  /** Their own size: what they refer to is counted as its own kind. */
  bytes: number
}

/** The parts of a heap snapshot that are read here; V8 writes rows of numbers. */
interface Snapshot {
  snapshot: {
    meta: {
      node_fields: string[]
      node_types: [string[], ...unknown[]]
      edge_fields: string[]
      edge_types: [string[], ...unknown[]]
    }
  }
  nodes: number[]
  edges: number[]
  strings: string[]
}

/** What is in use on the heap of this process after a garbage collection, by the name of the class or function. */
export async function heapObjects(): Promise<Map<string, HeapObjects>> {
  let json = ''
  for await (const part of getHeapSnapshot()) json += part
  const { snapshot, nodes, edges, strings } = JSON.parse(json) as Snapshot
  const { node_fields, node_types, edge_fields, edge_types } = snapshot.meta
  const [type, name, size, edgeCount] = ['type', 'name', 'self_size', 'edge_count'].map((field) =>
    node_fields.indexOf(field),
  ) as [number, number, number, number]
  const [edgeType, toNode] = ['type', 'to_node'].map((field) => edge_fields.indexOf(field)) as [
    number,
    number,
  ]
  const at = (row: number, field: number): number => nodes[row + field] as number
  const typeOf = (row: number): string => node_types[0][at(row, type)] ?? ''
  const nameOf = (row: number): string => strings[at(row, name)] ?? ''
  // The memory of an array or a map is a nameless object of its own: it counts for what refers to it.
  const owners = new Map<number, string>()
  let edge = 0
  for (let row = 0; row < nodes.length; row += node_fields.length) {
    const isNamed = typeOf(row) === 'object' || typeOf(row) === 'closure'
    for (let left = at(row, edgeCount); left > 0; left--, edge += edge_fields.length) {
      const isInternal = edge_types[0][edges[edge + edgeType] as number] === 'internal'
      const to = edges[edge + toNode] as number
      if (isNamed && isInternal && typeOf(to) === 'array') owners.set(to, label(row))
    }
  }
  const kinds = new Map<string, HeapObjects>()
  for (let row = 0; row < nodes.length; row += node_fields.length) {
    const kind = owners.has(row) ? `${owners.get(row)}: elements` : label(row)
    const { count, bytes } = kinds.get(kind) ?? { count: 0, bytes: 0 }
    kinds.set(kind, { count: count + 1, bytes: bytes + at(row, size) })
  }
  return kinds

  function label(row: number): string {
    const kind = typeOf(row)
    if (kind === 'object') return nameOf(row)
    if (kind === 'closure') return `function ${nameOf(row) || 'without a name'}`
    return kind === 'native' ? `native ${nameOf(row)}` : kind
  }
}
