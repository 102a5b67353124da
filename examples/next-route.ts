// The proxy as a route handler of Next: app/v1/[...path]/route.ts.
import { sseProxy } from 'sse-stream-kit'
import { fakeUpstream, transcript } from 'sse-stream-kit/testing'

// Stands in for https://api.openai.com.
const upstream = fakeUpstream(
  transcript('openai-chat', { text: 'Hello from the model', gapMs: 30 }),
)
const proxy = sseProxy(await upstream.listen(), {
  headers: { authorization: `Bearer ${process.env['OPENAI_API_KEY'] ?? 'my-key'}` },
})

// On Vercel, `request.signal` aborts only with "supportsCancellation" in vercel.json.
export const runtime = 'nodejs'
export const maxDuration = 300
export const POST = (request: Request): Promise<Response> => proxy(request)

// What Next does with it: one request, printed as it arrives.
const request = new Request('http://app.test/v1/chat/completions', {
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify({ model: 'gpt', stream: true, messages: [{ role: 'user', content: 'Hi' }] }),
})
const response = await POST(request)
if (!response.ok || response.body === null) throw new Error(`Unexpected status ${response.status}`)
const stdout = new WritableStream<Uint8Array>({
  write(chunk) {
    process.stdout.write(chunk)
  },
})
await response.body.pipeTo(stdout)

await upstream.close()
