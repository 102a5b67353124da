// Relays a model's stream to the browser byte for byte, and logs the text of each answer, its verdict and what it cost.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { proxyFetch } from 'sse-stream-kit'
import { anthropic } from 'sse-stream-kit/llm'
import { toNodeHandler } from 'sse-stream-kit/node'
import { fakeUpstream, transcript } from 'sse-stream-kit/testing'

// Stands in for https://api.anthropic.com.
const model = fakeUpstream(transcript('anthropic', { text: 'Hello to the browser' }))
const origin = await model.listen()
const log: unknown[] = []

/** The text that an event adds to the answer. */
function textIn(name: string, data: string): string {
  return anthropic
    .parts(name, JSON.parse(data), data)
    .map((part) => (part.type === 'text' ? part.text : ''))
    .join('')
}

function respond(request: Request): Promise<Response> {
  let text = ''
  return proxyFetch(request, origin, {
    transform: (event) => {
      text += textIn(event.event ?? '', event.data)
      // The same object: the client receives the bytes of the upstream.
      return event
    },
    // Also when the client leaves early: then with the text that it was sent.
    onEnd: ({ verdict, llm }) => log.push({ text, verdict, usage: llm?.usage }),
  })
}

const server = createServer(toNodeHandler(respond)).listen(0, '127.0.0.1')
await new Promise((resolve) => server.once('listening', resolve))
const { port } = server.address() as AddressInfo

const response = await fetch(`http://127.0.0.1:${port}/v1/messages`, { method: 'POST' })
const received = await response.text()
console.log(received)
console.log(log)
if (!JSON.stringify(log).includes('"text":"Hello to the browser","verdict":"complete"')) {
  process.exitCode = 1
}

server.close()
server.closeAllConnections()
await model.close()
