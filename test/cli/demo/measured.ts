import type { MeasuredAnswer } from '../../../src/cli/demo/measure-answer.ts'

/** What a client saw of an answer, with some of it changed. */
export function measured(changes: Partial<MeasuredAnswer> = {}): MeasuredAnswer {
  return {
    status: 200,
    firstTokenMs: 500,
    totalMs: 9_000,
    events: 10,
    heartbeats: 2,
    longestGapMs: 900,
    longestSilenceMs: 250,
    bytes: new TextEncoder().encode('data: 1\n\n'),
    ...changes,
  }
}
