import { Agent, type RequestListener } from 'node:http'
import { createProxyMiddleware } from 'http-proxy-middleware'

export function middleware(origin: string): RequestListener {
  const agent = new Agent({ keepAlive: true })
  const handler = createProxyMiddleware({ target: origin, agent })
  return (req, res) => {
    void handler(req, res, () => res.destroy())
  }
}
