import { sizeOf } from './watermarks.ts'

/** Decoded events are held in bytes too: counted one by one, 65,536 of them would be many megabytes. */
export function heldSize(item: unknown): number {
  const text = typeof item === 'string' ? item : (item as { data?: unknown } | null)?.data
  return typeof text === 'string' ? text.length : sizeOf(item)
}
