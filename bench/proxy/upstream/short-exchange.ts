import { chatEvents } from '../../chat-events.ts'

/** A request of the bench, and the body of its response. */
export interface ShortExchange {
  name: 'GET' | 'POST'
  path: string
  requestBody: Buffer
  responseBody: Buffer
}

/** What a chat client sends: about 600 bytes. */
const CHAT_REQUEST = JSON.stringify({
  model: 'gpt-4o-mini',
  stream: true,
  temperature: 0.7,
  max_tokens: 256,
  messages: [
    { role: 'system', content: 'You are a helpful assistant. Respond in one short paragraph.' },
    {
      role: 'user',
      content:
        'Explain to a colleague who knows HTTP well but has never worked with streaming responses why a proxy ' +
        'in front of a language model should pass on each event as soon as it has arrived, what happens if it ' +
        'collects them first, and which headers tell the software on the way to the browser not to buffer or ' +
        'compress the response.',
    },
  ],
})

const [chatEvent] = chatEvents(1, 5).chunks as [Uint8Array]

/** The responses are complete streams, so that no proxy has an error to report. */
export const SHORT_EXCHANGES: readonly ShortExchange[] = [
  {
    name: 'GET',
    path: '/short/events',
    requestBody: Buffer.alloc(0),
    responseBody: Buffer.from('id: 1\ndata: {"progress":100,"state":"done"}\n\n'),
  },
  {
    name: 'POST',
    path: '/short/v1/chat/completions',
    requestBody: Buffer.from(CHAT_REQUEST),
    responseBody: Buffer.concat([chatEvent, Buffer.from('data: [DONE]\n\n')]),
  },
]
