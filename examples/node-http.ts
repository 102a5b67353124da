// The proxy with node:http only.
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
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

const server = createServer(toNodeHandler(proxy)).listen(0)
await once(server, 'listening')
const { port } = server.address() as AddressInfo

// One request, printed as it arrives.
const response = await fetch(`http://127.0.0.1:${port}/v1/chat/completions`, {
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify({ model: 'gpt', stream: true, messages: [{ role: 'user', content: 'Hi' }] }),
})
if (!response.ok || response.body === null) throw new Error(`Unexpected status ${response.status}`)
const stdout = new WritableStream<Uint8Array>({
  write(chunk) {
    process.stdout.write(chunk)
  },
})
await response.body.pipeTo(stdout)

server.close()
await upstream.close()
