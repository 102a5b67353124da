import type { RequestListener } from 'node:http'
import plugin from '@fastify/reply-from'
import { fastify } from 'fastify'

export async function replyFrom(origin: string): Promise<RequestListener> {
  const app = fastify()
  // By default it reads at most 128 streams at the same time.
  await app.register(plugin, { base: origin, undici: { connections: 65_536 } })
  // Unparsed, because a proxy passes bytes on.
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', (_request, payload, done) => done(null, payload))
  app.all('/*', (request, reply) => reply.from(request.url))
  await app.ready()
  return app.routing
}
