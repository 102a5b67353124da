import { describe, expect, it } from 'vitest'
import { AnswerState } from '../../src/llm/answer-state.ts'
import type { EventFacts } from '../../src/llm/dialect.ts'

function stateAfter(...facts: EventFacts[]): AnswerState {
  const state = new AnswerState()
  for (const fact of facts) state.add(fact)
  return state
}

describe('the state of an answer', () => {
  it('keeps what was stated last, and what later events say nothing of', () => {
    const state = stateAfter(
      { model: 'a', usage: { inputTokens: 9, outputTokens: 1 } },
      { model: 'b', usage: { outputTokens: 0 } },
      { finishReason: 'stop' },
      {},
    )
    expect(state).toMatchObject({
      model: 'b',
      finishReason: 'stop',
      usage: { inputTokens: 9, outputTokens: 0 },
    })
  })

  it('keeps the first error, whatever follows', () => {
    const state = stateAfter(
      { upstreamErrorType: '500' },
      { upstreamErrorType: 'x' },
      { isEnd: true },
    )
    expect(state.upstreamErrorType).toBe('500')
    expect(state.end).toBe('upstream_error')
  })

  it('is complete with the terminal mark, or when all choices that were seen have finished', () => {
    expect(stateAfter().end).toBe('truncated')
    expect(stateAfter({ isEnd: true }, {}).end).toBe('complete')
    expect(stateAfter({ seen: [0, 1] }, { finished: [1] }).end).toBe('truncated')
    expect(stateAfter({ seen: [0, 1] }, { finished: [1] }, { finished: [0] }).end).toBe('complete')
  })

  it('counts content that was not read for choice 0', () => {
    const state = stateAfter({ seen: [1], finished: [1] })
    expect(state.end).toBe('complete')
    state.hasUnread = true
    expect(state.end).toBe('truncated')
    state.add({ seen: [0], finished: [0] })
    expect(state.end).toBe('complete')
  })
})
