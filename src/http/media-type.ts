/** Whether a `content-type` is that of an event stream, whatever its parameters are. */
export function isEventStreamType(contentType: string): boolean {
  return /^\s*text\/event-stream\s*(?:;|$)/i.test(contentType)
}

/** Whether an `accept` header names event streams. */
export function acceptsEventStream(accept: string): boolean {
  return /(?:^|,)\s*text\/event-stream\s*(?:[,;]|$)/i.test(accept)
}
