/**
 * Returns the text that an event adds to a chat answer of OpenAI, Anthropic or Gemini. An event that is not JSON is
 * returned as it is; any other event adds nothing.
 */
export function tokenText(data: string): string {
  if (data === '[DONE]') return ''
  let chunk: Chunk | null
  try {
    chunk = JSON.parse(data) as Chunk | null
  } catch {
    return data
  }
  const delta = chunk?.choices?.[0]?.delta ?? chunk?.delta
  const parts = chunk?.candidates?.[0]?.content?.parts?.map((part) => part.text)
  const text = typeof delta === 'object' ? (delta?.content ?? delta?.text) : delta
  const found = text ?? parts?.join('')
  return typeof found === 'string' ? found : ''
}

/** Parts of what OpenAI (chat, Responses), Anthropic and Gemini send, none of which may be relied on. */
interface Chunk {
  choices?: { delta?: { content?: unknown; text?: unknown } | null }[]
  delta?: { content?: unknown; text?: unknown } | string | null
  candidates?: { content?: { parts?: { text?: string }[] } }[]
}
