import { DirectBody } from '../../src/upstream/direct-body.ts'

/** The body of an answer of a pool as text, by whichever way it comes. */
export async function bodyText(response: Response): Promise<string> {
  const reader = DirectBody.of(response)?.getReader()
  const decoder = new TextDecoder()
  let text = ''
  for (;;) {
    const { done, value } = (await reader?.read()) ?? { done: true as const }
    if (done) return text
    text += decoder.decode(value, { stream: true })
  }
}
