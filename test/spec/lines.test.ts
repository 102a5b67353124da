import { bytes } from '../support/sse/bytes.ts'
import { sentence } from '../support/sse/spec-case.ts'

const BOM = [0xef, 0xbb, 0xbf] as const

// HTML 9.2.6, "Interpreting an event stream": from bytes to lines, and from lines to fields.

sentence('Streams must be decoded using the UTF-8 decode algorithm.', {
  'replaces invalid bytes instead of failing': {
    stream: bytes('data: a', 0xff, 'b', 0xc0, 0x80, 'c', 0xed, 0xa0, 0x80, 'd\n\n'),
    events: [{ data: 'a\ufffdb\ufffd\ufffdc\ufffd\ufffd\ufffdd' }],
  },
  'replaces a sequence that is cut by a line end, and keeps the line end': {
    stream: bytes(
      'data: a',
      0xe2,
      0x82,
      '\ndata: b',
      0xf0,
      0x9f,
      0x98,
      '\r\ndata: c',
      0xc3,
      '\r\r',
    ),
    events: [{ data: 'a\ufffd\nb\ufffd\nc\ufffd' }],
  },
  'replaces a sequence that is cut by the next character': {
    stream: bytes('data: ', 0xe2, 0x82, 'é', 0xf0, 0x9f, '\u{1f600}\n\n'),
    events: [{ data: '\ufffdé\ufffd\u{1f600}' }],
  },
  'emits no event for a sequence that is cut at the end of the stream': {
    stream: bytes('data: x\n\ndata: y', 0xe2, 0x82),
    events: [{ data: 'x' }],
  },
  'finds no field in a name with an invalid byte': {
    stream: bytes('data', 0xff, ': x\n', 0xff, 'data: y\n\n'),
    events: [],
  },
})

sentence('The UTF-8 decode algorithm strips one leading UTF-8 Byte Order Mark (BOM), if any.', {
  'strips one': { stream: bytes(...BOM, 'data: x\n\n'), events: [{ data: 'x' }] },
  'keeps a second one as text': { stream: bytes(...BOM, ...BOM, 'data: x\n\n'), events: [] },
  'keeps one in front of a later event as text': {
    stream: bytes('data: x\n\n', ...BOM, 'data: y\n\n'),
    events: [{ data: 'x' }],
  },
  'keeps one in front of the first line, where that is not the start of the stream': {
    stream: bytes('\n', ...BOM, 'data: y\n\n'),
    events: [],
  },
  'keeps one inside of data': {
    stream: bytes('data: ', ...BOM, 'x\n\n'),
    events: [{ data: '\ufeffx' }],
  },
  'keeps the three characters that its bytes are in Latin-1': {
    stream: '\u00ef\u00bb\u00bfdata: x\n\ndata: y\n\n',
    events: [{ data: 'y' }],
  },
  'keeps those three characters after a mark': {
    stream: bytes(...BOM, '\u00ef\u00bb\u00bfdata: x\n\ndata: y\n\n'),
    events: [{ data: 'y' }],
  },
  'keeps the first byte of one as an invalid byte': {
    stream: bytes(0xef, 'data: x\n\ndata: y\n\n'),
    events: [{ data: 'y' }],
  },
  'keeps the first two bytes of one as an invalid sequence': {
    stream: bytes(0xef, 0xbb, '\ndata: y\n\n'),
    events: [{ data: 'y' }],
  },
  'strips one before a comment, a blank line or an id': {
    stream: bytes(...BOM, ':c\n\nid: 1\ndata: x\n\n'),
    events: [{ data: 'x', id: '1', lastEventId: '1' }],
    ids: ['1'],
    comments: ['c'],
  },
  'strips one right before an id': {
    stream: bytes(...BOM, 'id: 1\ndata: x\n\n'),
    events: [{ data: 'x', id: '1', lastEventId: '1' }],
    ids: ['1'],
  },
  'strips one right before a blank line': {
    stream: bytes(...BOM, '\ndata: x\n\n'),
    events: [{ data: 'x' }],
  },
})

sentence(
  'The stream must then be parsed by reading everything line by line, with a U+000D CARRIAGE RETURN U+000A LINE FEED (CRLF) character pair, a single U+000A LINE FEED (LF) character not preceded by a U+000D CARRIAGE RETURN (CR) character, and a single U+000D CARRIAGE RETURN (CR) character not followed by a U+000A LINE FEED (LF) character being the ways in which a line can end.',
  {
    'treats CRLF as one line end': {
      stream: 'data: 1\r\ndata: 2\r\n\r\n',
      events: [{ data: '1\n2' }],
    },
    'treats LF CR as two line ends': {
      stream: 'data: 1\n\rdata: 2\n\r',
      events: [{ data: '1' }, { data: '2' }],
    },
    'treats CR CRLF as two line ends': {
      stream: 'data: 1\r\r\ndata: 2\r\r\n',
      events: [{ data: '1' }, { data: '2' }],
    },
    'treats CRLF CR as two line ends': {
      stream: 'data: 1\r\n\rdata: 2\r\n\r',
      events: [{ data: '1' }, { data: '2' }],
    },
    'ends id, retry and comment lines by CRLF and CR too': {
      stream: 'id: 1\r\nretry: 5\r:c\rdata: x\r\n\r\nid: 2\rdata\r\r',
      events: [
        { data: 'x', id: '1', retry: 5, lastEventId: '1' },
        { data: '', id: '2', lastEventId: '2' },
      ],
      ids: ['1', '2'],
      retries: [5],
      comments: ['c'],
    },
  },
)

sentence(
  'When a stream is parsed, a data buffer, an event type buffer, and a last event ID buffer must be associated with it. They must be initialized to the empty string.',
  {
    'starts without data, type and id': {
      stream: '\ndata: x\n\n',
      events: [{ data: 'x', lastEventId: '' }],
    },
  },
)

sentence('Lines must be processed, in the order they are received.', {
  'lets the last of several types and ids win, and keeps the order of data': {
    stream: 'event: a\nid: 1\ndata: 1\nevent: b\nid: 2\ndata: 2\n\n',
    events: [{ event: 'b', data: '1\n2', id: '2', lastEventId: '2' }],
    ids: ['2'],
  },
  'accepts fields in any order': {
    stream: 'data: x\nretry: 7\nid: 1\nevent: e\n\n',
    events: [{ event: 'e', data: 'x', id: '1', retry: 7, lastEventId: '1' }],
    ids: ['1'],
    retries: [7],
  },
})

sentence('If the line is empty (a blank line): Dispatch the event.', {
  'dispatches at the first of several blank lines': {
    stream: 'data: x\n\n\n\ndata: y\n\n',
    events: [{ data: 'x' }, { data: 'y' }],
  },
  'does not treat a line of one space as blank': {
    stream: 'data: x\n \ndata: y\n\n',
    events: [{ data: 'x\ny' }],
  },
})

sentence('If the line starts with a U+003A COLON character (:): Ignore the line.', {
  'ignores a comment that looks like a field': {
    stream: ':data: x\n: id: 3\n:event\ndata: y\n\n',
    events: [{ data: 'y' }],
    comments: ['data: x', 'id: 3', 'event'],
  },
  'emits no event for a block of comments': {
    stream: ': keepalive\n\n',
    events: [],
    comments: ['keepalive'],
  },
  'lets a comment end no block': {
    stream: 'data: 1\n:\ndata: 2\n\n',
    events: [{ data: '1\n2' }],
    comments: [''],
  },
})

sentence(
  'Collect the characters on the line before the first U+003A COLON character (:), and let field be that string. Collect the characters on the line after the first U+003A COLON character (:), and let value be that string.',
  {
    'cuts at the first colon only': {
      stream: 'data:a:b: c\nid:1:2\nevent::\n\n',
      events: [{ event: ':', data: 'a:b: c', id: '1:2', lastEventId: '1:2' }],
      ids: ['1:2'],
    },
  },
)

sentence('If value starts with a U+0020 SPACE character, remove it from value.', {
  'removes one space only': {
    stream: 'data:  x\nevent:  e\nid:  1\n\n',
    events: [{ event: ' e', data: ' x', id: ' 1', lastEventId: ' 1' }],
    ids: [' 1'],
  },
  'removes no tab and no other space': {
    stream: 'data:\tx\ndata:\u00a0y\nid:\t1\n\n',
    events: [{ data: '\tx\n\u00a0y', id: '\t1', lastEventId: '\t1' }],
    ids: ['\t1'],
  },
  'keeps spaces at the end': { stream: 'data: x \n\n', events: [{ data: 'x ' }] },
  'leaves nothing of a value that is one space': {
    stream: 'data: \nevent: \nid: \n\n',
    events: [{ data: '', id: '', lastEventId: '' }],
    ids: [''],
  },
})

sentence(
  'Otherwise, the string is not empty but does not contain a U+003A COLON character (:): Process the field using the steps described below, using the whole line as the field name, and the empty string as the field value.',
  {
    'treats data without a colon as an empty line of data': {
      stream: 'data\n\ndata\ndata\n\ndata: x\ndata\n\n',
      events: [{ data: '' }, { data: '\n' }, { data: 'x\n' }],
    },
    'treats an id without a colon as the empty id': {
      stream: 'id: 1\ndata: x\n\nid\ndata: y\n\ndata: z\n\n',
      events: [
        { data: 'x', id: '1', lastEventId: '1' },
        { data: 'y', id: '', lastEventId: '' },
        { data: 'z', lastEventId: '' },
      ],
      ids: ['1', ''],
    },
    'treats an event without a colon as no type': {
      stream: 'event: e\nevent\ndata: x\n\n',
      events: [{ data: 'x' }],
    },
    'treats a retry without a colon as no number': {
      stream: 'retry\ndata: x\n\n',
      events: [{ data: 'x' }],
    },
    'ignores other words': {
      stream: 'i\nidx\nr\nretr\nd\ndat\ndatax\neven\ndata: x\n\n',
      events: [{ data: 'x' }],
    },
  },
)

sentence('Once the end of the file is reached, any pending data must be discarded.', {
  'discards an event without its blank line': {
    stream: 'data: x\n\ndata: y\n',
    events: [{ data: 'x' }],
  },
  'discards an event whose line has not ended': {
    stream: 'data: x\n\ndata: y',
    events: [{ data: 'x' }],
  },
  'emits no event for a truncated end mark of an LLM stream': {
    stream: 'data: {"a":1}\n\ndata: [DONE]\n',
    events: [{ data: '{"a":1}' }],
  },
  'commits no id of an unfinished block': {
    stream: 'id: 1\ndata: x\n\nid: 2\n',
    events: [{ data: 'x', id: '1', lastEventId: '1' }],
    ids: ['1'],
  },
  'discards a comment and a retry whose lines have not ended': {
    stream: ':c\nretry: 10',
    events: [],
    comments: ['c'],
  },
  'keeps a retry whose line has ended': { stream: 'retry: 10\n', events: [], retries: [10] },
})
