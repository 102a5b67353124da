// The proxy as a route of Express 5, after a body parser: the body is restored.
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import express from 'express'
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

const app = express()
app.use(express.json())
app.post('/v1/*splat', toNodeHandler(proxy))

const server = app.listen(0)
await once(server, 'listening')
const { port } = server.address() as AddressInfo

// One request, printed as it arrives.
const response = await fetch(`http://127.0.0.1:${port}/v1/chat/completions`, {
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify({ model: 'gpt', stream: true, messages: [{ role: 'user', content: 'Hi' }] }),
})
if (!response.ok || response.body === null) throw new Error(`Unexpected status ${response.status}`)
for await (const chunk of response.body) process.stdout.write(chunk)

server.close()
await upstream.close()
