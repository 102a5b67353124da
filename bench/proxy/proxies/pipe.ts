import { Agent, type RequestListener, request } from 'node:http'

/** The shortest proxy of Node's own parts. */
export function pipe(origin: string): RequestListener {
  const agent = new Agent({ keepAlive: true })
  return (req, res) => {
    const { method, headers } = req
    const upstreamRequest = request(origin + req.url, { agent, method, headers }, (response) => {
      res.writeHead(response.statusCode ?? 502, { 'content-type': 'text/event-stream' })
      response.pipe(res)
    })
    req.pipe(upstreamRequest)
    // Without these two, a client that leaves would keep its upstream request running.
    upstreamRequest.on('error', () => res.destroy())
    res.on('close', () => upstreamRequest.destroy())
  }
}
