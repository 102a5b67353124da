import fc from 'fast-check'
import { type EncodableSse, encodeEvent } from 'sse-stream-kit/streams'
import { describe, expect, it } from 'vitest'
import { refusal } from '../support/refusal.ts'
import { bytes } from '../support/sse/bytes.ts'
import { referenceDecode } from '../support/sse/reference-decoder.ts'
import { someChunks } from '../support/sse/some-sse.ts'
import { saidBy } from '../support/sse/spec-case.ts'

/** Items of a wrong type, from a caller without types. */
const untyped = (item: Record<string, unknown>): EncodableSse => item as never

describe('encodeEvent', () => {
  it.each<[string, EncodableSse, string]>([
    ['an event of data', { data: 'x' }, 'data: x\n\n'],
    [
      'an event of all fields',
      { event: 'e', data: 'x', id: '1', retry: 5 },
      'event: e\nid: 1\nretry: 5\ndata: x\n\n',
    ],
    ['empty data', { data: '' }, 'data:\n\n'],
    [
      'lines of data by all three line ends',
      { data: 'a\nb\rc\r\nd' },
      'data: a\ndata: b\ndata: c\ndata: d\n\n',
    ],
    ['an LF CR in data as two line ends', { data: 'a\n\rb' }, 'data: a\ndata:\ndata: b\n\n'],
    ['data that ends with a line end', { data: 'a\n' }, 'data: a\ndata:\n\n'],
    ['data that starts with a space', { data: ' a' }, 'data:  a\n\n'],
    ['an empty id, which resets', { id: '', data: '' }, 'id: \ndata:\n\n'],
    ['an empty type as none', { event: '', data: 'x' }, 'data: x\n\n'],
    ['a reconnection time on its own', { retry: 0 }, 'retry: 0\n\n'],
    [
      'the longest reconnection time',
      { retry: Number.MAX_SAFE_INTEGER },
      'retry: 9007199254740991\n\n',
    ],
    ['a comment', { comment: 'hi' }, ': hi\n\n'],
    ['an empty comment', { comment: '' }, ':\n\n'],
    ['a comment of several lines', { comment: 'a\nb\rc\r\nd' }, ': a\n: b\n: c\n: d\n\n'],
    [
      'no key that it does not know',
      untyped({ data: 'x', lastEventId: '7\n', foo: 'a\nb' }),
      'data: x\n\n',
    ],
    [
      'no key that is undefined',
      untyped({ data: 'x', id: undefined, event: undefined, retry: undefined }),
      'data: x\n\n',
    ],
  ])('writes %s', (_, item, text) => {
    expect(encodeEvent(item)).toBe(text)
  })

  describe('keeps values inside their field', () => {
    const LINE_ENDS = { LF: '\n', CR: '\r', CRLF: '\r\n' }
    const payload = (lineEnd: string) => `a${lineEnd}data: evil${lineEnd}${lineEnd}event: evil`

    // The fields of each published advisory, each with all line ends, because the second advisory of one package
    // came from a fix for LF only.
    const ADVISORIES = {
      'h3, GHSA-22cc-p3c6-wpvm and GHSA-4hxc-9384-m385': ['id', 'event', 'data', 'comment'],
      'hono, GHSA-p6xx-57qc-3wxr': ['event', 'id', 'retry'],
      'NestJS, CVE-2026-35515': ['event', 'id'],
      'eventsource-encoder, GHSA-m9g3-3g99-mhpx': ['event', 'id'],
      'sse-channel, GHSA-84hm-wfh8-c5pg': ['event', 'id', 'retry'],
      'Spring, CVE-2026-22735': ['id', 'event', 'data', 'comment'],
    }
    for (const [advisory, fields] of Object.entries(ADVISORIES)) {
      for (const field of fields) {
        for (const [name, lineEnd] of Object.entries(LINE_ENDS)) {
          it(`${advisory}: ${field} with ${name}`, () => {
            const item = untyped({ data: 'x', [field]: payload(lineEnd) })
            if (field === 'retry') {
              expect(() => encodeEvent(item)).toThrow(refusal(RangeError, field))
            } else if (field === 'event' || field === 'id') {
              expect(() => encodeEvent(item)).toThrow(refusal(TypeError, field))
              expect(() => encodeEvent(item)).toThrow(`"${field}"`)
            } else {
              const events = referenceDecode(bytes(encodeEvent(item))).filter(
                ({ is }) => is === 'event',
              )
              expect(events).toEqual([
                {
                  is: 'event',
                  data: field === 'data' ? 'a\ndata: evil\n\nevent: evil' : 'x',
                  lastEventId: '',
                },
              ])
            }
          })
        }
      }
    }

    it.each(['event', 'id'])('%s with only a leading or trailing line end', (field) => {
      for (const lineEnd of ['\n', '\r']) {
        for (const value of [lineEnd, `a${lineEnd}`, `${lineEnd}a`]) {
          expect(() => encodeEvent(untyped({ data: 'x', [field]: value }))).toThrow(
            refusal(TypeError, field),
          )
        }
      }
    })

    it.each(['event', 'id'])('%s with NUL', (field) => {
      expect(() => encodeEvent(untyped({ data: 'x', [field]: 'a\0b' }))).toThrow(
        `"${field}" must not contain CR, LF or NUL: got "a\\u0000b"`,
      )
    })

    it('keeps characters that only look like line ends', () => {
      const data = 'a\u2028b\u2029c\u0085d\u000be\u000cf'
      expect(encodeEvent({ event: data, id: data, data })).toBe(
        `event: ${data}\nid: ${data}\ndata: ${data}\n\n`,
      )
    })
  })

  it.each([-1, 1.5, Number.NaN, Infinity, -Infinity, 2 ** 53, '5', '5\ndata: evil', null, [5], 5n])(
    'refuses the reconnection time %s',
    (retry) => {
      expect(() => encodeEvent(untyped({ data: 'x', retry }))).toThrow(refusal(RangeError, 'retry'))
    },
  )

  it.each(['event', 'id', 'data', 'comment'])('rejects a "%s" that is not a string', (field) => {
    for (const value of [1, null, true, ['a\nb'], { toString: () => 'a\nb' }]) {
      expect(() => encodeEvent(untyped({ [field]: value }))).toThrow(refusal(TypeError, field))
    }
  })

  it('rejects an event without a field', () => {
    expect(() => encodeEvent(untyped({}))).toThrow(refusal(TypeError, 'data'))
    expect(() => encodeEvent(untyped({ event: '' }))).toThrow(refusal(TypeError, 'data'))
  })

  it('writes bytes that decode to the same event for any split into chunks', () => {
    const text = fc.string({ unit: 'binary', maxLength: 12 })
    const lines = fc
      .array(fc.oneof(text, fc.constantFrom('\n', '\r', '\r\n', '\0', ' ', ':', '\ufeff')), {
        maxLength: 8,
      })
      .map((parts) => parts.join(''))
    const oneLine = text.filter((value) => !/[\r\n\0]/.test(value))
    const event = fc.record(
      { data: lines, event: oneLine, id: oneLine, retry: fc.maxSafeNat() },
      { requiredKeys: ['data'] },
    )
    const events = fc.array(event, { maxLength: 5 })
    fc.assert(
      fc.property(
        events.chain((sent) =>
          someChunks(fc.constant(bytes(...sent.map((item) => encodeEvent(item))))).map(
            (chunks) => [sent, chunks] as const,
          ),
        ),
        ([sent, chunks]) => {
          let lastEventId = ''
          const wanted = sent.map(({ event: type, data, ...rest }) => {
            lastEventId = rest.id ?? lastEventId
            return {
              is: 'event',
              ...rest,
              data: data.replace(/\r\n?/g, '\n'),
              lastEventId,
              ...(type !== undefined && type !== '' && { event: type }),
            }
          })
          expect(saidBy(chunks).filter(({ is }) => is === 'event')).toEqual(wanted)
        },
      ),
      { numRuns: 1000 },
    )
  })

  it('writes comments that decode to the same lines', () => {
    const comment = fc
      .array(fc.constantFrom('\n', '\r', '\r\n', ' ', ':', 'data: x', 'é'), { maxLength: 8 })
      .map((parts) => parts.join(''))
    fc.assert(
      fc.property(comment, (value) => {
        expect(saidBy([bytes(encodeEvent({ comment: value }))])).toEqual(
          value.split(/\r\n|\r|\n/).map((line) => ({ is: 'comment', comment: line })),
        )
      }),
    )
  })
})
