import type { RequestListener } from 'node:http'
import { getRequestListener } from '@hono/node-server'
import { Hono } from 'hono'
import { proxy } from 'hono/proxy'

export function hono(origin: string): RequestListener {
  const app = new Hono()
  app.all('*', (c) => {
    const { pathname, search } = new URL(c.req.url)
    return proxy(origin + pathname + search, { raw: c.req.raw })
  })
  const listener = getRequestListener(app.fetch)
  return (req, res) => {
    void listener(req, res)
  }
}
