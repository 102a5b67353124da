import { Agent, type RequestListener } from 'node:http'
import { createProxyServer } from 'httpxy'

export function httpxy(origin: string): RequestListener {
  const proxy = createProxyServer({ target: origin, agent: new Agent({ keepAlive: true }) })
  proxy.on('error', (_error, _req, res) => res?.destroy())
  return (req, res) => {
    void proxy.web(req, res)
  }
}
