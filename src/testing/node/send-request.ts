import { request as requestHttp } from 'node:http'
import { request as requestHttps } from 'node:https'
import type { ClientRequest } from '../client/client-request.ts'
import { incomingHeaders } from './incoming-headers.ts'

/** A request on a connection of its own, and its response. */
export interface SentRequest {
  response: Promise<{
    status: number
    headers: Headers
    chunks: AsyncIterator<Uint8Array, undefined>
  }>
  destroy(): void
}

/** Sends one request. Reads the response's body from the socket only as its chunks are taken. */
export function sendRequest(
  url: URL,
  { headers = {}, body, method = body === undefined ? 'GET' : 'POST', ca }: ClientRequest,
): SentRequest {
  const request = url.protocol === 'https:' ? requestHttps : requestHttp
  const options = { method, headers, agent: false as const, ...(ca !== undefined && { ca }) }
  const req = request(url, options)
  const response = new Promise<Awaited<SentRequest['response']>>((resolve, reject) => {
    // Stays attached: a response that breaks later errors its own stream, and then this request once more.
    req.on('error', reject)
    req.on('response', (res) => {
      const chunks: AsyncIterator<Uint8Array, undefined> = res[Symbol.asyncIterator]()
      resolve({ status: res.statusCode ?? 0, headers: incomingHeaders(res.headers), chunks })
    })
  })
  req.end(body)
  return { response, destroy: () => void req.destroy() }
}
