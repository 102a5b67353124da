// Removes a secret from a model's text, also where the model cuts it in two: what may be its beginning waits for the next event.
import { proxyFetch } from 'sse-stream-kit'
import { openaiChat, textDeltas } from 'sse-stream-kit/llm'
import { SseDecoder } from 'sse-stream-kit/streams'
import { fakeUpstream, transcript } from 'sse-stream-kit/testing'

interface ChatChunk {
  choices: { delta: { content?: string | null }; finish_reason: string | null }[]
}

const SECRET = 'the blue door'
// Sends 'the', ' blue' and ' door' in an event each.
const model = fakeUpstream(
  transcript('openai-chat', { text: 'It is behind the blue door, not the blue gate' }),
)

/** Redacts the text of one answer. Holds at most the length of the secret. */
function redactor(): (delta: string, isEnd: boolean) => string {
  let held = ''
  return (delta, isEnd) => {
    const text = (held + delta).replaceAll(SECRET, '[redacted]')
    let keep = isEnd ? 0 : Math.min(SECRET.length - 1, text.length)
    while (keep > 0 && !SECRET.startsWith(text.slice(text.length - keep))) keep--
    held = text.slice(text.length - keep)
    return text.slice(0, text.length - keep)
  }
}

function respond(request: Request): Promise<Response> {
  const redact = redactor()
  return proxyFetch(request, 'http://model.test', {
    fetch: model.fetch,
    transform: (event) => {
      if (event.data === '[DONE]') return event
      const chunk = JSON.parse(event.data) as ChatChunk
      const [choice] = chunk.choices
      if (choice === undefined) return event
      const content = redact(choice.delta.content ?? '', choice.finish_reason !== null)
      // An event that need not change keeps its bytes.
      if (content === (choice.delta.content ?? '')) return event
      choice.delta.content = content
      return { ...event, data: JSON.stringify(chunk) }
    },
  })
}

const request = new Request('http://proxy.test/v1/chat/completions', { method: 'POST' })
const { body } = await respond(request)
if (body === null) throw new Error('No body')
let text = ''
const join = new WritableStream<string>({
  write: (delta) => {
    text += delta
  },
})
await body.pipeThrough(new SseDecoder()).pipeThrough(textDeltas(openaiChat)).pipeTo(join)
console.log(text)
if (text !== 'It is behind [redacted], not the blue gate') process.exitCode = 1
