import * as zlib from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { isDecodedByFetch } from '../../src/http/decoded-codings.ts'

describe('isDecodedByFetch', () => {
  it.each([
    ['gzip', true],
    ['GZIP', true],
    ['x-gzip', true],
    ['deflate', true],
    ['br', true],
    [' gzip , br ', true],
    ['zstd', 'createZstdDecompress' in zlib],
    ['compress', false],
    ['identity', false],
    ['foo', false],
    ['gzip, foo', false],
    ['foo, gzip', false],
    ['', false],
  ])('of %j is %s', (coding, expected) => {
    expect(isDecodedByFetch(coding)).toBe(expected)
  })
})
