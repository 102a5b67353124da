import { expect, it } from 'vitest'
import { LinesDisplay } from '../../../src/cli/demo/lines-display.ts'

it('prints lines when they are full, with time and name', () => {
  let printed = ''
  const display = new LinesDisplay({
    write: (text) => {
      printed += text
    },
  })
  display.start()
  display.heartbeat('streamed', 200)
  for (let count = 0; count < 16; count++) display.token('streamed', ' word', 500 + count * 10)
  display.token('buffered', 'all\nat once', 900)
  display.done('buffered', 910)
  display.done('streamed', 1_000)
  display.stop()
  expect(printed.split('\n')).toEqual([
    '  0.20 s  sse-stream-kit   (heartbeat)',
    '  0.50 s  sse-stream-kit   (first token)',
    `  0.62 s  sse-stream-kit  ${' word'.repeat(12)}`,
    '  0.90 s  buffering proxy  (first token)',
    '  0.90 s  buffering proxy  all',
    '  0.91 s  buffering proxy  at once',
    '  0.91 s  buffering proxy  (end)',
    '  1.00 s  sse-stream-kit   word word word word',
    '  1.00 s  sse-stream-kit   (end)',
    '',
  ])
})
