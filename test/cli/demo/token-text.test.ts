import { expect, it } from 'vitest'
import { tokenText } from '../../../src/cli/demo/token-text.ts'

it.each([
  ['chat', { choices: [{ delta: { content: 'Hi' } }] }, 'Hi'],
  ['chat: the role', { choices: [{ delta: { role: 'assistant', content: '' } }] }, ''],
  ['chat: no content', { choices: [{ delta: { content: null } }] }, ''],
  ['chat: usage', { choices: [], usage: {} }, ''],
  ['Responses', { type: 'response.output_text.delta', delta: 'Hi' }, 'Hi'],
  ['Anthropic', { type: 'content_block_delta', delta: { type: 'text_delta', text: 'Hi' } }, 'Hi'],
  ['Anthropic: a ping', { type: 'ping' }, ''],
  ['Gemini', { candidates: [{ content: { parts: [{ text: 'H' }, { text: 'i' }] } }] }, 'Hi'],
  ['odd shapes', { choices: [null], delta: 5 }, ''],
  ['null', null, ''],
])('returns the text of %s', (_, data, text) => {
  expect(tokenText(JSON.stringify(data))).toBe(text)
})

it('returns data that is not JSON as it is, except [DONE]', () => {
  expect(tokenText('plain words')).toBe('plain words')
  expect(tokenText('[DONE]')).toBe('')
})
