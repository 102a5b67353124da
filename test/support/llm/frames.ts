/** An event whose data is a JSON value, with a name if one is given. */
export function frame(value: unknown, event?: string): string {
  const name = event === undefined ? '' : `event: ${event}\n`
  return `${name}data: ${JSON.stringify(value)}\n\n`
}

/** A chunk of a chat with one choice. */
export function chat(delta: object, finish_reason: string | null = null, index = 0): string {
  return chatOf({ choices: [{ index, delta, finish_reason }] })
}

export function chatOf(rest: object): string {
  return frame({ id: 'c', object: 'chat.completion.chunk', created: 1, model: 'm', ...rest })
}

export const DONE = 'data: [DONE]\n\n'
