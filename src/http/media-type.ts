/** Whether a `content-type` is `text/event-stream`, with any parameters. */
export function isEventStreamType(contentType: string): boolean {
  return /^\s*text\/event-stream\s*(?:;|$)/i.test(contentType)
}

/** Whether a `content-type` is that of lines of JSON. */
export function isJsonLinesType(contentType: string): boolean {
  return /^\s*application\/(?:x-ndjson|ndjson|jsonl|x-jsonlines)\s*(?:;|$)/i.test(contentType)
}

/** Whether an `accept` header contains `text/event-stream`. */
export function acceptsEventStream(accept: string): boolean {
  return /(?:^|,)\s*text\/event-stream\s*(?:[,;]|$)/i.test(accept)
}
