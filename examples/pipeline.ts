// Your own pipeline: decodes a model's stream, changes it, and serves your own events.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { EventMap, MetricsTap, SseDecoder, sseResponse } from 'sse-stream-kit'
import { toNodeHandler } from 'sse-stream-kit/node'
import { fakeUpstream, transcript } from 'sse-stream-kit/testing'

interface ChatChunk {
  choices: { delta?: { content?: string } }[]
}

// Stands in for https://api.openai.com.
const model = fakeUpstream(transcript('openai-chat', { text: 'Hello from the other side' }))
const origin = await model.listen()

/** Sends only the words, each as an event named `word`. */
async function respond(request: Request): Promise<Response> {
  const upstream = await fetch(`${origin}/v1/chat/completions`, { signal: request.signal })
  if (!upstream.ok || upstream.body === null) return new Response(null, { status: 502 })
  const words = upstream.body
    .pipeThrough(new SseDecoder({ maxEventBytes: 1_048_576 }))
    .pipeThrough(
      new EventMap(({ data }) => {
        if (data === '[DONE]') return { event: 'end', data: '' }
        const text = (JSON.parse(data) as ChatChunk).choices[0]?.delta?.content
        return text ? { event: 'word', data: text } : null
      }),
    )
    .pipeThrough(
      new MetricsTap({
        onEnd: ({ verdict, events, firstEventMs }) =>
          console.log({ verdict, events, firstEventMs }),
      }),
    )
  // Encodes the events and sets the headers that prevent buffering by compression and proxies.
  return sseResponse(words, { heartbeat: { intervalMs: 10_000, atStart: true } })
}

const server = createServer(toNodeHandler(respond)).listen(0, '127.0.0.1')
await new Promise((resolve) => server.once('listening', resolve))
const { port } = server.address() as AddressInfo

const response = await fetch(`http://127.0.0.1:${port}/`)
const text = await response.text()
console.log(text)
if (!text.includes('event: word')) process.exitCode = 1

server.close()
server.closeAllConnections()
await model.close()
