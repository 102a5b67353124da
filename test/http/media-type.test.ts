import { describe, expect, it } from 'vitest'
import { acceptsEventStream, isEventStreamType } from '../../src/http/media-type.ts'

describe('the media type of event streams', () => {
  it.each(['text/event-stream', 'TEXT/Event-Stream', ' text/event-stream ;charset=utf-8'])(
    'is seen in a content-type: %s',
    (type) => expect(isEventStreamType(type)).toBe(true),
  )
  it.each(['', 'text/event-streams', 'text/plain; x=text/event-stream', 'application/json'])(
    'is not seen where there is another: %s',
    (type) => expect(isEventStreamType(type)).toBe(false),
  )
  it.each([
    'text/event-stream',
    'application/json, text/event-stream;q=0.9',
    '*/*,text/event-stream',
  ])('is seen in an accept header: %s', (accept) => expect(acceptsEventStream(accept)).toBe(true))
  it.each(['*/*', 'application/json', 'text/event-streams'])(
    'is not seen in an accept header without it: %s',
    (accept) => expect(acceptsEventStream(accept)).toBe(false),
  )
})
