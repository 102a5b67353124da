import type { RequestListener } from 'node:http'
import { H3, proxyRequest } from 'h3'
import { toNodeHandler } from 'h3/node'

export function h3(origin: string): RequestListener {
  const app = new H3()
  app.all('/**', (event) => proxyRequest(event, origin + event.url.pathname + event.url.search))
  const handler = toNodeHandler(app)
  return (req, res) => {
    void handler(req, res)
  }
}
