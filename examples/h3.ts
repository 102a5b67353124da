// The proxy as a route of h3 2, here on Node.
import { H3, serve } from 'h3'
import { sseProxy } from 'sse-stream-kit'
import { fakeUpstream, transcript } from 'sse-stream-kit/testing'

// Stands in for https://api.openai.com.
const upstream = fakeUpstream(
  transcript('openai-chat', { text: 'Hello from the model', gapMs: 30 }),
)
const proxy = sseProxy(await upstream.listen(), {
  headers: { authorization: `Bearer ${process.env['OPENAI_API_KEY'] ?? 'my-key'}` },
})

const app = new H3()
app.post('/v1/**', (event) => proxy(event.req))

const server = serve(app, { port: 0, silent: true })
await server.ready()
const { port } = new URL(server.url ?? '')

// One request, printed as it arrives.
const response = await fetch(`http://127.0.0.1:${port}/v1/chat/completions`, {
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify({ model: 'gpt', stream: true, messages: [{ role: 'user', content: 'Hi' }] }),
})
if (!response.ok || response.body === null) throw new Error(`Unexpected status ${response.status}`)
for await (const chunk of response.body) process.stdout.write(chunk)

await server.close()
await upstream.close()
