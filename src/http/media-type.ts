/** Whether a `content-type` is `text/event-stream`, with any parameters. */
export function isEventStreamType(contentType: string): boolean {
  return /^\s*text\/event-stream\s*(?:;|$)/i.test(contentType)
}

/** Whether an `accept` header contains `text/event-stream`. */
export function acceptsEventStream(accept: string): boolean {
  return /(?:^|,)\s*text\/event-stream\s*(?:[,;]|$)/i.test(accept)
}
