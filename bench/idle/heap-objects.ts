import { readFileSync } from 'node:fs'

/** How many objects there are, and their bytes with those of what only they have. */
export interface HeapRow {
  count: number
  bytes: number
}

/** The part of a heap snapshot that is read. */
interface Snapshot {
  snapshot: {
    meta: {
      node_fields: string[]
      node_types: [string[], ...unknown[]]
      edge_fields: string[]
      edge_types: [string[], ...unknown[]]
    }
    node_count: number
  }
  nodes: number[]
  edges: number[]
  strings: string[]
}

/** Names that many parts of a program share: what has one is counted for the object that refers to it. */
const SHARED_NAMES = new Set(['Object', 'Array', 'Map', 'Set', 'Uint8Array', 'ArrayBuffer', ''])

/**
 * Returns the objects of a heap snapshot by the name of their class. Everything without such a name, like closures,
 * arrays, strings and buffers, is counted for the nearest object with one that refers to it.
 */
export function heapObjects(file: string): Map<string, HeapRow> {
  const { snapshot, nodes, edges, strings } = JSON.parse(readFileSync(file, 'utf8')) as Snapshot
  const { node_fields: fields, node_types, edge_fields, edge_types } = snapshot.meta
  const [typeAt, nameAt, sizeAt, edgesAt] = ['type', 'name', 'self_size', 'edge_count'].map(
    (name) => fields.indexOf(name),
  ) as [number, number, number, number]
  const [edgeTypeAt, edgeToAt] = ['type', 'to_node'].map((name) => edge_fields.indexOf(name)) as [
    number,
    number,
  ]
  const weak = edge_types[0].indexOf('weak')
  const count = snapshot.node_count
  const firstEdge = new Uint32Array(count + 1)
  for (let node = 0; node < count; node++) {
    const edgeCount = nodes[node * fields.length + edgesAt] as number
    firstEdge[node + 1] = (firstEdge[node] as number) + edgeCount
  }
  const nameOf = (node: number): string | undefined => {
    const type = node_types[0][nodes[node * fields.length + typeAt] as number]
    const name = strings[nodes[node * fields.length + nameAt] as number] as string
    if (type !== 'object' && !(type === 'native' && !name.includes('system'))) return
    return SHARED_NAMES.has(name) || name.includes(' ') ? undefined : name
  }
  const rows = new Map<string, HeapRow>()
  const owners = new Array<string | undefined>(count)
  owners[0] = '(other)'
  // Breadth first, so that the nearest object owns what several refer to.
  const queue = [0]
  for (let at = 0; at < queue.length; at++) {
    const node = queue[at] as number
    const owner = owners[node] as string
    for (let edge = firstEdge[node] as number; edge < (firstEdge[node + 1] as number); edge++) {
      const start = edge * edge_fields.length
      const to = (edges[start + edgeToAt] as number) / fields.length
      if (edges[start + edgeTypeAt] === weak || owners[to] !== undefined) continue
      const name = nameOf(to)
      owners[to] = name ?? owner
      const row = rows.get(owners[to] as string) ?? { count: 0, bytes: 0 }
      if (name !== undefined) row.count++
      row.bytes += nodes[to * fields.length + sizeAt] as number
      rows.set(owners[to] as string, row)
      queue.push(to)
    }
  }
  return rows
}
