import type { MeasuredAnswer } from './measure-answer.ts'

/** Less than this share of its time may a streamed answer take to its first token. */
export const MAX_FIRST_TOKEN_SHARE = 0.1

/** Says what is wrong with the two answers of the demo, from what was measured alone; nothing if it is empty. */
export function judgeAnswers(streamed: MeasuredAnswer, buffered: MeasuredAnswer): string[] {
  const complaints = [
    ...ownComplaints('the streamed answer', streamed),
    ...ownComplaints('the buffered answer', buffered),
  ]
  // What was not answered cannot be compared.
  if (complaints.length > 0) return complaints
  const share = (streamed.firstTokenMs ?? Number.NaN) / streamed.totalMs
  if (!(share < MAX_FIRST_TOKEN_SHARE)) {
    const limit = `below ${MAX_FIRST_TOKEN_SHARE * 100} % is wanted`
    complaints.push(
      `the first token came after ${(share * 100).toFixed(1)} % of the total: ${limit}`,
    )
  }
  if (Buffer.compare(streamed.bytes, buffered.bytes) !== 0) {
    const sizes = `${streamed.bytes.length} bytes streamed, ${buffered.bytes.length} buffered`
    complaints.push(`the two answers differ: ${sizes}`)
  }
  return complaints
}

function ownComplaints(name: string, answer: MeasuredAnswer): string[] {
  if (answer.failure !== undefined) return [`${name} broke: ${answer.failure}`]
  if (answer.status !== 200) {
    const text = Buffer.from(answer.bytes.subarray(0, 300)).toString('utf8')
    return [`${name} has the status ${answer.status}: ${text.replaceAll(/[\p{Cc}\s]+/gu, ' ')}`]
  }
  if (answer.firstTokenMs === undefined) return [`${name} has no token`]
  return []
}
