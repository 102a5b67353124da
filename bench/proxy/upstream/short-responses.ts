import { EVENT_STREAM_HEAD, endOfBody } from './chunked-coding.ts'
import { SHORT_EXCHANGES } from './short-exchange.ts'

const EXPECTED = new Map(
  SHORT_EXCHANGES.map(({ path, requestBody, responseBody }) => [
    path,
    {
      requestBody,
      response: Buffer.concat([EVENT_STREAM_HEAD, endOfBody(responseBody)]),
    },
  ]),
)
const WRONG = Buffer.from('HTTP/1.1 500 Wrong Request\r\ncontent-length: 0\r\n\r\n')

/** The response to a short request: an error, if its body is not what the client has sent. */
export function shortResponse(path: string, body: Buffer): Buffer {
  const expected = EXPECTED.get(path)
  return expected?.requestBody.equals(body) ? expected.response : WRONG
}
