import { type TranscriptDialect, type TranscriptOptions, transcript } from 'sse-stream-kit/testing'

/** The body of a transcript as a text. */
export function transcriptText(dialect: TranscriptDialect, options?: TranscriptOptions): string {
  const utf8 = new TextDecoder()
  return transcript(dialect, options)
    .map((step) => (step.kind === 'bytes' ? utf8.decode(step.bytes) : ''))
    .join('')
}
