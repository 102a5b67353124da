export const EVENT_STREAM_HEAD: Buffer = Buffer.from(
  'HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n',
)
/** What ends a chunked body. */
export const LAST_CHUNK: Buffer = Buffer.from('0\r\n\r\n')

/** The bytes as one chunk of HTTP's chunked coding. */
export function chunkOf(bytes: Uint8Array): Buffer {
  return Buffer.concat([
    Buffer.from(`${bytes.length.toString(16)}\r\n`),
    bytes,
    Buffer.from('\r\n'),
  ])
}

/** The last bytes of a chunked body. */
export function endOfBody(bytes: Uint8Array): Buffer {
  return Buffer.concat([chunkOf(bytes), LAST_CHUNK])
}
