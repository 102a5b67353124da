import type { Verdict } from 'sse-stream-kit'
import { cuttingPlaces, isCommentLines } from '../support/sse/boundary-oracle.ts'
import { matchFrames } from '../support/sse/match-frames.ts'
import type { ReadResponse } from './read-response.ts'

/** How an upstream ends its response. */
export type Ending = 'end' | 'cut' | 'reset'

/** What an upstream sent, and what the client received. */
export interface ScriptRun {
  sent: Buffer
  ending: Ending
  isCoded: boolean
  isTransformed: boolean
  heartbeat: Buffer
  status: number
  answer: ReadResponse
  verdict: Verdict
}

/** Returns what is wrong with what a client received; nothing if it is correct. */
export function judgeScript(run: ScriptRun): string[] {
  const { sent, ending, answer, status, verdict } = run
  const breaches: string[] = []
  // A reset may overtake even the head.
  if (ending === 'reset' && status === 502) return breaches
  if (status !== 200) return [`status ${status}`]
  const hasEarlyBeat = answer.bytes.indexOf(run.heartbeat) === 0
  // After a heartbeat a byte order mark would be part of the first line: it is dropped there.
  const { frames, tail } = framesOf(hasEarlyBeat && startsWithBom(sent) ? sent.subarray(3) : sent)
  const match = matchFrames(answer.bytes, [...frames, unfinished(tail)], run.heartbeat)
  if (match.rest.length > 0) breaches.push(`not sent: ${JSON.stringify(match.rest.toString())}`)
  if (answer.end !== (ending === 'end' ? 'clean' : 'broken')) breaches.push(`end ${answer.end}`)
  const mayMiss = ending === 'reset' || (ending === 'cut' && run.isCoded)
  if (match.frames < frames.length && !mayMiss) {
    breaches.push(`${match.frames} of ${frames.length} frames`)
  }
  const hasTail = ending === 'end' && !run.isTransformed
  const wantedTail = hasTail ? tail : Buffer.alloc(0)
  // A frame is complete with the CR of its blank line; the LF after it may be missing.
  const isWhole =
    mayMiss &&
    match.tail.at(-1) === 0x0d &&
    frames[match.frames]?.equals(Buffer.concat([match.tail, Buffer.from('\n')])) === true
  if (!match.tail.equals(wantedTail) && !isWhole) {
    breaches.push(`part of an event: ${JSON.stringify(match.tail.toString())}`)
  }
  const wanted =
    ending !== 'end'
      ? 'upstream_error'
      : isCommentLines(framesOf(startsWithBom(sent) ? sent.subarray(3) : sent).tail)
        ? 'complete'
        : 'truncated'
  if (verdict !== wanted) breaches.push(`verdict ${verdict}, not ${wanted}`)
  return breaches
}

function startsWithBom(bytes: Buffer): boolean {
  return bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf
}

/** A frame that never completes, to distinguish its beginning from bytes that were not sent. */
function unfinished(tail: Buffer): Buffer {
  return Buffer.concat([tail, Buffer.from([0])])
}

/** Splits at every boundary; a CR and the LF after it stay together. */
function framesOf(sent: Buffer): { frames: Buffer[]; tail: Buffer } {
  const places = cuttingPlaces(sent).filter((at) => sent[at - 1] !== 0x0d || sent[at] !== 0x0a)
  const frames = places.map((end, index) => sent.subarray(places[index - 1] ?? 0, end))
  return { frames, tail: sent.subarray(places.at(-1) ?? 0) }
}
