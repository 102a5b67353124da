import { checkNumber } from '../base/check-number.ts'
import type { SseEvent } from './sse-event.ts'

/** A comment: clients ignore it, and it keeps intermediaries from timing out. */
export interface SseComment {
  comment: string
}

/** A reconnection time on its own. */
export interface SseRetry {
  /** How long a client should wait before it connects again, in milliseconds. */
  retry: number
}

/** What can be encoded into an event stream. */
export type EncodableSse = SseEvent | SseComment | SseRetry

/**
 * Returns the text of one event or comment: a whole block, its blank line included.
 *
 * No value can break out of its field. Each line of `data` and `comment` becomes a line of its own, whichever of the
 * three line ends separates them. An `event` or `id` with a line end is refused: stripping it would hide a bug, and make
 * `a\nb` equal to `ab`. An empty `event` is the same as none. Other keys are ignored.
 *
 * @throws TypeError that names the field, for CR, LF or NUL in `event` or `id`, or for a value of a wrong type
 * @throws RangeError for a `retry` that is not a non-negative safe integer
 *
 * @example The text of an event
 * ```ts
 * import { encodeEvent } from 'sse-stream-kit/streams'
 *
 * console.log(encodeEvent({ event: 'greeting', data: 'Hello\nWorld', id: '7' }))
 * // event: greeting
 * // id: 7
 * // data: Hello
 * // data: World
 * ```
 * @see https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream
 */
export function encodeEvent(item: EncodableSse): string {
  const { event, id, retry, data, comment } = item as Partial<SseEvent & SseComment>
  let text = ''
  if (comment !== undefined) text += lines('comment', comment, ':')
  if (event !== undefined && event !== '') text += `event: ${singleLine('event', event)}\n`
  if (id !== undefined) text += `id: ${singleLine('id', id)}\n`
  if (retry !== undefined) text += `retry: ${checkNumber('retry', retry, { min: 0 })}\n`
  if (data !== undefined) text += lines('data', data, 'data:')
  if (text === '') {
    throw new TypeError('An event must have "data", "retry" or "comment": got none of them')
  }
  return `${text}\n`
}

function lines(field: string, value: string, prefix: string): string {
  checkString(field, value)
  // Nearly always one line of JSON, which needs no array.
  if (!/[\r\n]/.test(value)) return line(value, prefix)
  return value
    .split(/\r\n|\r|\n/)
    .map((part) => line(part, prefix))
    .join('')
}

function line(value: string, prefix: string): string {
  return value === '' ? `${prefix}\n` : `${prefix} ${value}\n`
}

function singleLine(field: string, value: string): string {
  checkString(field, value)
  if (/[\r\n\0]/.test(value)) {
    throw new TypeError(`"${field}" must not contain CR, LF or NUL: got ${JSON.stringify(value)}`)
  }
  return value
}

function checkString(field: string, value: unknown): void {
  if (typeof value === 'string') return
  throw new TypeError(`"${field}" must be a string: got a ${typeof value}`)
}
