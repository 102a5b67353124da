// How an app tests its own handling of a model's stream: no network, no key, no sleeps.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { relay, SseDecoder } from 'sse-stream-kit/streams'
import { chunkings, fakeUpstream, gate, step, streamOf, transcript } from 'sse-stream-kit/testing'

/** The code under test: shows the response as it arrives, and returns whether it is complete. */
async function readResponse(response: Response, show: (text: string) => void): Promise<boolean> {
  if (!response.ok || response.body === null) throw new Error(`Status ${response.status}`)
  for await (const { data } of relay(response.body, [SseDecoder.stage()])) {
    if (data === '[DONE]') return true
    show(JSON.parse(data).choices[0]?.delta.content ?? '')
  }
  return false
}

const ANSWER = transcript('openai-chat', { text: 'Grüße an dich' })
const MODEL = 'http://model.test/v1/chat/completions'

test('shows the response for any split into chunks', async () => {
  const response = await fakeUpstream(ANSWER).fetch(MODEL)
  const bytes = new Uint8Array(await response.arrayBuffer())
  for (const { name, chunks } of chunkings(bytes)) {
    let text = ''
    assert.ok(await readResponse(new Response(streamOf(chunks)), (part) => (text += part)), name)
    assert.equal(text, 'Grüße an dich', name)
  }
})

test('shows each token before the next one arrives', async () => {
  const shown = gate()
  const chunk = (content: string): string => JSON.stringify({ choices: [{ delta: { content } }] })
  const upstream = fakeUpstream([
    step.send({ data: chunk('first') }),
    step.until(shown.opened),
    step.send({ data: '[DONE]' }),
  ])
  assert.ok(await readResponse(await upstream.fetch(MODEL), () => shown.open()))
})

test('rejects a truncated response', async () => {
  const cut = fakeUpstream([...ANSWER.slice(0, -3), step.cut()])
  await assert.rejects(
    readResponse(await cut.fetch(MODEL), () => {}),
    { message: 'terminated' },
  )
  const unfinished = fakeUpstream(transcript('openai-chat', { ending: 'unfinished' }))
  assert.equal(await readResponse(await unfinished.fetch(MODEL), () => {}), false)
})

test('stops the model when the reader leaves', async () => {
  const upstream = fakeUpstream([...ANSWER.slice(0, -3), step.hang()])
  const leaving = readResponse(await upstream.fetch(MODEL), () => {
    throw new Error('left')
  })
  await assert.rejects(leaving, { message: 'left' })
  const request = await upstream.request()
  await request.closed
  assert.ok(request.aborted)
})
