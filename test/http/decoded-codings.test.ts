import * as zlib from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { decodedCodings, dropDecoded } from '../../src/http/decoded-codings.ts'

describe('decodedCodings', () => {
  it.each([
    ['gzip', ['gzip']],
    ['GZIP', ['gzip']],
    ['x-gzip', ['x-gzip']],
    ['deflate', ['deflate']],
    ['br', ['br']],
    [' gzip , br ', ['br', 'gzip']],
    ['zstd', 'createZstdDecompress' in zlib ? ['zstd'] : []],
    ['compress', []],
    ['identity', []],
    ['foo', []],
    ['gzip, foo', []],
    ['foo, gzip', []],
    ['', []],
    ['gzip, gzip, gzip, gzip, gzip', ['gzip', 'gzip', 'gzip', 'gzip', 'gzip']],
    ['gzip, gzip, gzip, gzip, gzip, gzip', []],
  ])('of %j are %j', (contentEncoding, expected) => {
    expect(decodedCodings(contentEncoding)).toEqual(expected)
  })
})

describe('dropDecoded', () => {
  const OF_CODED_BYTES = {
    'content-encoding': 'gzip',
    'content-length': '10',
    'content-md5': 'x',
    digest: 'x',
    'content-digest': 'x',
    'repr-digest': 'x',
  }

  it('drops the headers that describe the encoded bytes and weakens the entity tag', () => {
    const headers = new Headers({ ...OF_CODED_BYTES, etag: '"a"', 'x-other': '1' })
    dropDecoded(headers)
    expect([...headers]).toEqual([
      ['etag', 'W/"a"'],
      ['x-other', '1'],
    ])
  })

  it('keeps the headers of a body that is not decoded', () => {
    const unknown = { ...OF_CODED_BYTES, 'content-encoding': 'foo', etag: '"a"' }
    const headers = new Headers(unknown)
    dropDecoded(headers)
    expect(Object.fromEntries(headers)).toEqual(unknown)
  })
})
