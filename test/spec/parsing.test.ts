import { bytes } from '../support/sse/bytes.ts'
import { sentence } from '../support/sse/spec-case.ts'

const BOM = [0xef, 0xbb, 0xbf] as const

// HTML 9.2.5, "Parsing an event stream": the sentences and the productions of its ABNF.

sentence('stream = [ bom ] *event', {
  'accepts an empty stream': { stream: '', events: [] },
  'accepts a stream of a byte order mark': { stream: bytes(...BOM), events: [] },
  'accepts a stream of one event': { stream: 'data: x\n\n', events: [{ data: 'x' }] },
  'accepts an event after a byte order mark': {
    stream: bytes(...BOM, 'data: x\n\n'),
    events: [{ data: 'x' }],
  },
})

sentence('event = *( comment / field ) end-of-line', {
  'accepts blank lines alone': { stream: '\n\n\n', events: [] },
  'accepts comments before, between and after fields': {
    stream: ':a\ndata: 1\n:b\ndata: 2\n:c\n\n',
    events: [{ data: '1\n2' }],
    comments: ['a', 'b', 'c'],
  },
})

sentence('comment = colon *any-char end-of-line', {
  'accepts an empty comment': { stream: ':\n\n', events: [], comments: [''] },
  'accepts a comment with colons': { stream: ':a:b::\n', events: [], comments: ['a:b::'] },
  'accepts a stream of comments alone': {
    stream: ': one\n\n:two\r\n\r\n:  three\r\r',
    events: [],
    comments: ['one', 'two', ' three'],
  },
})

sentence('field = 1*name-char [ colon [ space ] *any-char ] end-of-line', {
  'accepts a field with a space after the colon': {
    stream: 'data: x\n\n',
    events: [{ data: 'x' }],
  },
  'accepts a field without that space': { stream: 'data:x\n\n', events: [{ data: 'x' }] },
  'accepts a field without a colon': { stream: 'data\n\n', events: [{ data: '' }] },
  'treats a field name with a space as another one': { stream: 'data : x\n\n', events: [] },
  'treats a line that starts with a space as a field of another name': {
    stream: ' data: x\n\n',
    events: [],
  },
})

sentence(
  'name-char = a scalar value other than U+000A LINE FEED (LF), U+000D CARRIAGE RETURN (CR), or U+003A COLON (:)',
  {
    'accepts a field name of any characters, and ignores the field': {
      stream: 'dåta: 1\n\u{1f600}: 2\n\0: 3\n\u2028: 4\ndata: x\n\n',
      events: [{ data: 'x' }],
    },
  },
)

sentence(
  'any-char = a scalar value other than U+000A LINE FEED (LF) or U+000D CARRIAGE RETURN (CR)',
  {
    'keeps control characters, NUL and astral characters in data': {
      stream: 'data: \0\u0001\t\u007f\ufffe\u{1f600}\u{10ffff}\n\n',
      events: [{ data: '\0\u0001\t\u007f\ufffe\u{1f600}\u{10ffff}' }],
    },
    'keeps NUL in an event type': {
      stream: 'event: a\0b\ndata: x\n\n',
      events: [{ event: 'a\0b', data: 'x' }],
    },
  },
)

sentence('end-of-line = ( cr lf / cr / lf )', {
  'ends no line at U+2028, U+2029, U+0085, VT or FF': {
    stream: 'data: a\u2028b\u2029c\u0085d\u000be\u000cf\n\n',
    events: [{ data: 'a\u2028b\u2029c\u0085d\u000be\u000cf' }],
  },
  'ends no line at U+0085 as a single byte, which is invalid UTF-8': {
    stream: bytes('data: a', 0x85, 'b\n\n'),
    events: [{ data: 'a\ufffdb' }],
  },
})

sentence('Event streams in this format must always be encoded as UTF-8.', {
  'decodes characters of two, three and four bytes': {
    stream: 'data: é€\u{1f600}\nevent: ÿ\nid: Ω\n\n',
    events: [{ event: 'ÿ', data: 'é€\u{1f600}', id: 'Ω', lastEventId: 'Ω' }],
    ids: ['Ω'],
  },
})

sentence(
  'Lines must be separated by either a U+000D CARRIAGE RETURN U+000A LINE FEED (CRLF) character pair, a single U+000A LINE FEED (LF) character, or a single U+000D CARRIAGE RETURN (CR) character.',
  {
    'separates lines by CRLF': {
      stream: 'event: e\r\ndata: 1\r\ndata: 2\r\n\r\ndata: 3\r\n\r\n',
      events: [{ event: 'e', data: '1\n2' }, { data: '3' }],
    },
    'separates lines by LF': {
      stream: 'event: e\ndata: 1\ndata: 2\n\ndata: 3\n\n',
      events: [{ event: 'e', data: '1\n2' }, { data: '3' }],
    },
    'separates lines by CR': {
      stream: 'event: e\rdata: 1\rdata: 2\r\rdata: 3\r\r',
      events: [{ event: 'e', data: '1\n2' }, { data: '3' }],
    },
    'separates lines by all three in one stream': {
      stream: 'data: 1\r\ndata: 2\rdata: 3\n\rdata: 4\r\r\ndata: 5\n\r\ndata: 6\r\n\rdata: 7\r\n\n',
      events: [{ data: '1\n2\n3' }, { data: '4' }, { data: '5' }, { data: '6' }, { data: '7' }],
    },
  },
)
