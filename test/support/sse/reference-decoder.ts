/** One result of decoding a stream, in stream order. */
export type SaidBySse =
  | { is: 'event'; event?: string; data: string; id?: string; retry?: number; lastEventId: string }
  | { is: 'id'; id: string }
  | { is: 'retry'; retry: number }
  | { is: 'comment'; comment: string }

/**
 * Decodes a whole stream at once as HTML 9.2.6 says it, without regard to speed. It shares no code with the sources, so
 * both can only be wrong by the same misreading.
 */
export function referenceDecode(bytes: Uint8Array): SaidBySse[] {
  // "Streams must be decoded using the UTF-8 decode algorithm."
  const text = new TextDecoder('utf-8').decode(bytes)
  const said: SaidBySse[] = []
  let data = ''
  let eventType = ''
  let lastEventId = ''
  // Set by the current block: unused in the standard, but part of the decoder's events.
  let ownId: string | undefined
  let ownRetry: number | undefined
  let rest = text
  for (;;) {
    const lineEnd = /\r\n|\n|\r/.exec(rest)
    // "Once the end of the file is reached, any pending data must be discarded."
    if (lineEnd === null) return said
    const line = rest.slice(0, lineEnd.index)
    rest = rest.slice(lineEnd.index + lineEnd[0].length)
    if (line === '') {
      if (ownId !== undefined) {
        lastEventId = ownId
        said.push({ is: 'id', id: ownId })
      }
      if (data !== '') {
        said.push({
          is: 'event',
          data: data.slice(0, -1),
          lastEventId,
          ...(eventType !== '' && { event: eventType }),
          ...(ownId !== undefined && { id: ownId }),
          ...(ownRetry !== undefined && { retry: ownRetry }),
        })
      }
      data = eventType = ''
      ownId = ownRetry = undefined
      continue
    }
    const colon = line.indexOf(':')
    const field = colon === -1 ? line : line.slice(0, colon)
    let value = colon === -1 ? '' : line.slice(colon + 1)
    if (value[0] === ' ') value = value.slice(1)
    if (colon === 0) said.push({ is: 'comment', comment: value })
    else if (field === 'event') eventType = value
    else if (field === 'data') data += `${value}\n`
    else if (field === 'id' && !value.includes('\0')) ownId = value
    else if (field === 'retry' && value !== '' && [...value].every(isAsciiDigit)) {
      ownRetry = Number(value)
      said.push({ is: 'retry', retry: ownRetry })
    }
  }
}

function isAsciiDigit(character: string): boolean {
  return '0123456789'.includes(character)
}
