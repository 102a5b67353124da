import { ask, type RawClient, rawClient } from '../support/http/raw-client.ts'

/** Opens a connection to a server and sends a request as it is written. */
export function rawTo(url: string, text: string = ask('/')): RawClient {
  const client = rawClient(Number(new URL(url).port))
  client.send(text)
  return client
}
