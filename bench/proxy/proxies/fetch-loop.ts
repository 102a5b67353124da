import { once } from 'node:events'
import type { IncomingMessage, RequestListener } from 'node:http'
import { Agent, fetch, type RequestInit } from 'undici'

export type Body = ReadableStream<Uint8Array>

/** The usual proxy on `fetch`: the request body passed on, the response body read in a loop. */
export function fetchLoop(
  origin: string,
  change: (body: Body) => Body = (body) => body,
): RequestListener {
  const dispatcher = new Agent()
  return async (req, res) => {
    const left = new AbortController()
    res.on('close', () => left.abort())
    const { signal } = left
    try {
      const init = { ...requestInit(req), dispatcher, signal }
      const { body, status } = await fetch(origin + req.url, init)
      res.writeHead(status, { 'content-type': 'text/event-stream' })
      const reader = change(body as Body).getReader()
      for (;;) {
        const { done, value } = await reader.read()
        if (done) break
        if (!res.write(value)) await once(res, 'drain', { signal })
      }
      res.end()
    } catch {
      res.destroy()
    }
  }
}

function requestInit(req: IncomingMessage): RequestInit {
  const { method = 'GET', headers } = req
  if (method === 'GET') return { method }
  const contentType = headers['content-type'] ?? 'application/octet-stream'
  return { method, headers: { 'content-type': contentType }, body: req, duplex: 'half' }
}
