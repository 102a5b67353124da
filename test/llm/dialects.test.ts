import { describe, expect, it } from 'vitest'
import { DIALECTS, dialectOf } from '../../src/llm/dialects.ts'
import { plain } from '../../src/llm/plain.ts'
import { tapAll } from '../support/llm/tapped.ts'

describe('the dialect of a path', () => {
  it.each([
    ['/v1/chat/completions', 'openai-chat'],
    ['/openai/deployments/gpt/chat/completions', 'openai-chat'],
    ['/api/v1/completions', 'openai-chat'],
    ['/v1/responses', 'openai-responses'],
    ['/v1/messages', 'anthropic'],
    ['/v1beta/models/gemini-2.5-flash:streamGenerateContent', 'gemini'],
    ['/v1/projects/p/locations/l/publishers/google/models/g:streamGenerateContent', 'gemini'],
    ['/api/chat', 'ollama'],
    ['/api/generate', 'ollama'],
    ['/', 'plain'],
    ['/v1/messages/batches', 'plain'],
  ])('%s is %s', (path, name) => {
    expect(dialectOf(path).name).toBe(name)
  })

  it('may be one of your own', () => {
    const own = { ...plain, name: 'own', matchesPath: (path: string) => path === '/own' }
    expect(dialectOf('/own', [own, ...DIALECTS])).toBe(own)
    expect(dialectOf('/v1/messages', [own])).toBe(plain)
  })
})

describe.each(DIALECTS.map((dialect) => [dialect.name, dialect] as const))(
  'the error frame of %s',
  (name, dialect) => {
    const error = {
      code: 'SSE_TRUNCATED',
      message: 'It ended',
      status: 502,
      type: 'upstream_error',
    }

    it('is read as an error, by this library too', () => {
      const frame = dialect.errorFrame(error)
      expect(frame).toMatch(
        name === 'ollama' ? /^[^\n]+\n$/ : /^(event: [^\n]+\n)?data: [^\n]+\n\n$/,
      )
      expect(tapAll(frame, { guess: dialect }).answerEnd).toBe('upstream_error')
      const { event = '', data = '' } =
        /^(event: (?<event>.*)\n)?(data: )?(?<data>.*)\n\n?$/.exec(frame)?.groups ?? {}
      const parts = dialect.parts(event, JSON.parse(data), data)
      expect(parts).toMatchObject([{ type: 'error', message: 'It ended' }])
      expect(data).toContain('SSE_TRUNCATED')
    })

    it('has status and retry-after of an upstream that failed late', () => {
      const late = dialect.errorFrame({ ...error, lateStatus: 429, retryAfter: 7 })
      expect(late).toContain('429')
      expect(late).toMatch(/"(retry_after":7|retryDelay":"7s")/)
      expect(dialect.errorFrame(error)).not.toMatch(/retry|429/)
      expect(name).not.toBe('plain')
    })
  },
)
