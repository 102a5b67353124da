import type { MeasuredAnswer } from './measure-answer.ts'

/** The first streamed token must arrive before this share of the total time. */
export const MAX_FIRST_TOKEN_SHARE = 0.1

/** Returns what is wrong with the two measured responses; empty if nothing is. */
export function judgeAnswers(streamed: MeasuredAnswer, buffered: MeasuredAnswer): string[] {
  const failures = [
    ...ownFailures('the streamed answer', streamed),
    ...ownFailures('the buffered answer', buffered),
  ]
  // A response that failed cannot be compared.
  if (failures.length > 0) return failures
  const share = (streamed.firstTokenMs ?? Number.NaN) / streamed.totalMs
  if (!(share < MAX_FIRST_TOKEN_SHARE)) {
    const limit = `below ${MAX_FIRST_TOKEN_SHARE * 100} % is needed`
    failures.push(`the first token came after ${(share * 100).toFixed(1)} % of the total: ${limit}`)
  }
  if (Buffer.compare(streamed.bytes, buffered.bytes) !== 0) {
    const sizes = `${streamed.bytes.length} bytes streamed, ${buffered.bytes.length} buffered`
    failures.push(`the two answers differ: ${sizes}`)
  }
  return failures
}

function ownFailures(name: string, answer: MeasuredAnswer): string[] {
  if (answer.failure !== undefined) return [`${name} broke: ${answer.failure}`]
  if (answer.status !== 200) {
    const text = Buffer.from(answer.bytes.subarray(0, 300)).toString('utf8')
    return [`${name} has the status ${answer.status}: ${text.replaceAll(/[\p{Cc}\s]+/gu, ' ')}`]
  }
  if (answer.firstTokenMs === undefined) return [`${name} has no token`]
  return []
}
