// Serves browser.html, which shows a model's response as it arrives, the modules it imports, and the proxy.
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { sseProxy } from 'sse-stream-kit'
import { toNodeHandler } from 'sse-stream-kit/node'
import { fakeUpstream, transcript } from 'sse-stream-kit/testing'

// UPSTREAM_URL=https://api.openai.com uses the real API; without it a stand-in responds.
const standIn = transcript('openai-chat', { text: 'Hello from the model', gapMs: 200 })
const upstream = process.env['UPSTREAM_URL'] ?? (await fakeUpstream(standIn).listen())
const proxy = sseProxy(upstream, {
  headers: { authorization: `Bearer ${process.env['OPENAI_API_KEY'] ?? 'my-key'}` },
})

const PACKAGES: Record<string, string> = {
  'sse-stream-kit': 'sse-stream-kit/streams',
  'eventsource-parser': 'eventsource-parser',
}

/** Returns a script file in the folder of an installed package's entry point. */
async function moduleFile(name: string, file: string): Promise<Response> {
  const entry = PACKAGES[name]
  if (entry === undefined) return new Response(null, { status: 404 })
  const code = await readFile(new URL(file, import.meta.resolve(entry)))
  return new Response(code, { headers: { 'content-type': 'text/javascript' } })
}

const server = createServer(
  toNodeHandler(async (request) => {
    const { pathname } = new URL(request.url)
    if (pathname.startsWith('/v1/')) return await proxy(request)
    const [, name = '', file = ''] = /^\/modules\/([\w-]+)\/([\w-]+\.js)$/.exec(pathname) ?? []
    if (file !== '') return await moduleFile(name, file)
    if (pathname !== '/') return new Response(null, { status: 404 })
    const page = await readFile(new URL('browser.html', import.meta.url))
    return new Response(page, { headers: { 'content-type': 'text/html' } })
  }),
)
server.listen(Number(process.env['PORT'] ?? 8080), '127.0.0.1', () => {
  console.log('Listening on', server.address())
})
