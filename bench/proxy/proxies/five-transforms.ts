import type { RequestListener } from 'node:http'
import { fetchLoop } from './fetch-loop.ts'

/** What is often written to look at the events on their way: decode, split, count, join and encode, each a stream. */
export function fiveTransforms(origin: string): RequestListener {
  return fetchLoop(origin, (body) =>
    body
      .pipeThrough(new TextDecoderStream() as ReadableWritablePair<string, Uint8Array>)
      .pipeThrough(splitter())
      .pipeThrough(counter())
      .pipeThrough(joiner())
      .pipeThrough(new TextEncoderStream()),
  )
}

function splitter(): TransformStream<string, string> {
  let held = ''
  return new TransformStream({
    transform(text, controller) {
      const parts = (held + text).split('\n\n')
      held = parts.pop() ?? ''
      for (const part of parts) controller.enqueue(part)
    },
    flush(controller) {
      if (held !== '') controller.enqueue(held)
    },
  })
}

function counter(): TransformStream<string, { number: number; text: string }> {
  let number = 0
  return new TransformStream({
    transform: (text, controller) => controller.enqueue({ number: number++, text }),
  })
}

function joiner(): TransformStream<{ text: string }, string> {
  return new TransformStream({
    transform: ({ text }, controller) => controller.enqueue(`${text}\n\n`),
  })
}
