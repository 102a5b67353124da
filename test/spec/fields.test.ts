import { sentence } from '../support/sse/spec-case.ts'

// HTML 9.2.6, "Interpreting an event stream": from fields to events.

sentence('Field names must be compared literally, with no case folding performed.', {
  'ignores names in other cases': {
    stream: 'DATA: 1\nData: 2\nID: 3\nEvent: 4\nRETRY: 5\ndata: x\n\n',
    events: [{ data: 'x' }],
  },
})

sentence('event: Set the event type buffer to the field value.', {
  'names the event': { stream: 'event: e\ndata: x\n\n', events: [{ event: 'e', data: 'x' }] },
  'names it also after the data': {
    stream: 'data: x\nevent: e\n\n',
    events: [{ event: 'e', data: 'x' }],
  },
  'treats an empty value as no type': {
    stream: 'event: e\nevent:\ndata: x\n\n',
    events: [{ data: 'x' }],
  },
})

sentence(
  'data: Append the field value to the data buffer, then append a single U+000A LINE FEED (LF) character to the data buffer.',
  {
    'joins lines of data by LF': {
      stream: 'data: 1\ndata: 2\ndata: 3\n\n',
      events: [{ data: '1\n2\n3' }],
    },
    'joins them across other fields': {
      stream: 'data: 1\nid: 1\ndata: 2\nx: y\ndata: 3\n\n',
      events: [{ data: '1\n2\n3', id: '1', lastEventId: '1' }],
      ids: ['1'],
    },
    'keeps empty lines of data': {
      stream: 'data:\ndata:\ndata: x\ndata:\n\n',
      events: [{ data: '\n\nx\n' }],
    },
  },
)

sentence(
  'id: If the field value does not contain U+0000 NULL, then set the last event ID buffer to the field value. Otherwise, ignore the field.',
  {
    'sets the id': {
      stream: 'id: 1\ndata: x\n\n',
      events: [{ data: 'x', id: '1', lastEventId: '1' }],
      ids: ['1'],
    },
    'ignores an id with NUL completely': {
      stream: 'id: 1\ndata: x\n\nid: a\0b\ndata: y\n\nid: \0\ndata: z\n\n',
      events: [
        { data: 'x', id: '1', lastEventId: '1' },
        { data: 'y', lastEventId: '1' },
        { data: 'z', lastEventId: '1' },
      ],
      ids: ['1'],
    },
    'keeps an id of the same block before one with NUL': {
      stream: 'id: 1\nid: \0\ndata: x\n\n',
      events: [{ data: 'x', id: '1', lastEventId: '1' }],
      ids: ['1'],
    },
    'accepts the empty id': {
      stream: 'id: 1\ndata: x\n\nid:\ndata: y\n\n',
      events: [
        { data: 'x', id: '1', lastEventId: '1' },
        { data: 'y', id: '', lastEventId: '' },
      ],
      ids: ['1', ''],
    },
  },
)

sentence(
  "retry: If the field value consists of only ASCII digits, then interpret the field value as an integer in base ten, and set the event stream's reconnection time to that integer. Otherwise, ignore the field.",
  {
    'accepts digits': {
      stream: 'retry: 1500\ndata: x\n\n',
      events: [{ data: 'x', retry: 1500 }],
      retries: [1500],
    },
    'accepts zero and leading zeros': {
      stream: 'retry:0\nretry: 007\n\n',
      events: [],
      retries: [0, 7],
    },
    'accepts more than a timer does': {
      stream: 'retry: 2147483648\ndata: x\n\nretry: 9007199254740991\n\n',
      events: [{ data: 'x', retry: 2_147_483_648 }],
      retries: [2_147_483_648, 9_007_199_254_740_991],
    },
    'ignores signs, fractions, exponents, spaces and other bases': {
      stream:
        'retry: +1\nretry: -1\nretry: 1.5\nretry: 1e3\nretry:  1\nretry: 1 \nretry: 0x10\nretry: 1_000\nretry: 12a\nretry:\t1\ndata: x\n\n',
      events: [{ data: 'x' }],
    },
    'ignores digits that are not ASCII': {
      stream: 'retry: ١٢\nretry: １２\nretry: 1٢\ndata: x\n\n',
      events: [{ data: 'x' }],
    },
    'ignores an empty value': {
      stream: 'retry:\nretry: \nretry\ndata: x\n\n',
      events: [{ data: 'x' }],
    },
    'accepts it in a block without data': {
      stream: 'retry: 5\n\ndata: x\n\n',
      events: [{ data: 'x' }],
      retries: [5],
    },
    'sets the retry of its own block only': {
      stream: 'retry: 5\ndata: x\n\ndata: y\n\nretry: 6\n\ndata: z\n\n',
      events: [{ data: 'x', retry: 5 }, { data: 'y' }, { data: 'z' }],
      retries: [5, 6],
    },
    'keeps the valid one of two': {
      stream: 'retry: 5\nretry: no\ndata: x\n\n',
      events: [{ data: 'x', retry: 5 }],
      retries: [5],
    },
  },
)

sentence('Otherwise: The field is ignored.', {
  'ignores unknown fields': {
    stream: 'foo: bar\nmessage: 1\nidentity: 2\nretrying: 3\ndatabase: 4\nevents: 5\ndata: x\n\n',
    events: [{ data: 'x' }],
  },
  'emits no event for a block of them': { stream: 'foo: bar\nfoo\n\n', events: [] },
})

sentence(
  'Set the last event ID string of the event source to the value of the last event ID buffer. The buffer does not get reset, so the last event ID string of the event source remains set to this value until the next time it is set by the server.',
  {
    'keeps the id for later events': {
      stream: 'id: 1\ndata: x\n\ndata: y\n\ndata: z\n\nid: 2\ndata: w\n\n',
      events: [
        { data: 'x', id: '1', lastEventId: '1' },
        { data: 'y', lastEventId: '1' },
        { data: 'z', lastEventId: '1' },
        { data: 'w', id: '2', lastEventId: '2' },
      ],
      ids: ['1', '2'],
    },
    'commits the id of a block without data': {
      stream: 'id: 1\n\ndata: x\n\n',
      events: [{ data: 'x', lastEventId: '1' }],
      ids: ['1'],
    },
    'commits it before the event of the same block': {
      stream: 'data: x\nid: 1\n\n',
      events: [{ data: 'x', id: '1', lastEventId: '1' }],
      ids: ['1'],
    },
    'resets it by a block of an empty id': {
      stream: 'id: 1\n\nid\n\ndata: x\n\n',
      events: [{ data: 'x', lastEventId: '' }],
      ids: ['1', ''],
    },
  },
)

sentence(
  'If the data buffer is an empty string, set the data buffer and the event type buffer to the empty string and return.',
  {
    'emits no event for a type alone, and resets the type': {
      stream: 'event: e\n\ndata: x\n\n',
      events: [{ data: 'x' }],
    },
    'emits no event for an id and a retry alone': {
      stream: 'id: 1\nretry: 5\n\n',
      events: [],
      ids: ['1'],
      retries: [5],
    },
  },
)

sentence(
  "If the data buffer's last character is a U+000A LINE FEED (LF) character, then remove the last character from the data buffer.",
  {
    'removes one only': { stream: 'data: x\ndata\ndata\n\n', events: [{ data: 'x\n\n' }] },
    'leaves an empty event of one empty line': { stream: 'data:\n\n', events: [{ data: '' }] },
  },
)

sentence(
  'If the event type buffer has a value other than the empty string, change the type of the newly created event to equal the value of the event type buffer.',
  {
    'keeps a type of spaces': {
      stream: 'event:  \ndata: x\n\n',
      events: [{ event: ' ', data: 'x' }],
    },
    'keeps an explicit type "message"': {
      stream: 'event: message\ndata: x\n\n',
      events: [{ event: 'message', data: 'x' }],
    },
  },
)

sentence('Set the data buffer and the event type buffer to the empty string.', {
  'resets type and data after each event': {
    stream: 'event: e\ndata: x\n\ndata: y\n\nevent: f\n\n\ndata: z\n\n',
    events: [{ event: 'e', data: 'x' }, { data: 'y' }, { data: 'z' }],
  },
})

sentence(
  'The following event stream, once followed by a blank line: (the examples of the standard)',
  {
    'reads three lines of stock data': {
      stream: 'data: YHOO\ndata: +2\ndata: 10\n\n',
      events: [{ data: 'YHOO\n+2\n10' }],
    },
    'reads the four blocks of the test stream': {
      stream:
        ': test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  third event\n',
      events: [
        { data: 'first event', id: '1', lastEventId: '1' },
        { data: 'second event', id: '', lastEventId: '' },
      ],
      ids: ['1', ''],
      comments: ['test stream'],
    },
    'reads data without colons': {
      stream: 'data\n\ndata\ndata\n\ndata:',
      events: [{ data: '' }, { data: '\n' }],
    },
    'reads two identical events': {
      stream: 'data:test\n\ndata: test\n\n',
      events: [{ data: 'test' }, { data: 'test' }],
    },
  },
)
