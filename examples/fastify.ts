// The proxy as a route of Fastify 5, without its body parsers and its own response.
import type { AddressInfo } from 'node:net'
import Fastify from 'fastify'
import { sseProxy } from 'sse-stream-kit'
import { toNodeHandler } from 'sse-stream-kit/node'
import { fakeUpstream, transcript } from 'sse-stream-kit/testing'

// Stands in for https://api.openai.com.
const upstream = fakeUpstream(
  transcript('openai-chat', { text: 'Hello from the model', gapMs: 30 }),
)
const proxy = sseProxy(await upstream.listen(), {
  headers: { authorization: `Bearer ${process.env['OPENAI_API_KEY'] ?? 'my-key'}` },
})

const app = Fastify()
const handle = toNodeHandler(proxy)
// A separate scope, so that other routes keep their parsers.
await app.register(async (scope) => {
  scope.removeAllContentTypeParsers()
  scope.addContentTypeParser('*', (_request, _payload, done) => done(null))
  scope.post('/v1/*', (request, reply) => {
    reply.hijack()
    return handle(request.raw, reply.raw)
  })
})

await app.listen({ port: 0 })
const { port } = app.server.address() as AddressInfo

// One request, printed as it arrives.
const response = await fetch(`http://127.0.0.1:${port}/v1/chat/completions`, {
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify({ model: 'gpt', stream: true, messages: [{ role: 'user', content: 'Hi' }] }),
})
if (!response.ok || response.body === null) throw new Error(`Unexpected status ${response.status}`)
for await (const chunk of response.body) process.stdout.write(chunk)

await app.close()
await upstream.close()
