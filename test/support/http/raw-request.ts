import { rawClient } from './raw-client.ts'

/** Sends bytes to a server unchanged, and resolves to all that it sent once the connection has closed. */
export async function rawRequest(url: string, text: string): Promise<string> {
  const client = rawClient(Number(new URL(url).port))
  client.send(text)
  await client.closed
  return client.text
}
