import { type PathRules, sseProxy } from 'sse-stream-kit'
import { describe, expect, it } from 'vitest'
import { pathFunction } from '../../src/http/path-rules.ts'
import { replacePath } from '../../src/http/request-url.ts'
import { FetchRequest } from '../../src/proxy/fetch-request.ts'

const rewritten = (rules: PathRules, path: string): unknown => {
  const url = `http://proxy.test${path}`
  return pathFunction(rules)(new URL(url), new FetchRequest(new Request(url)))
}

describe('rules for paths', () => {
  it.each([
    ['/api/chat', '/v1/chat/completions'],
    ['/api/chat/', '/v1/chat/'],
    ['/api/models', '/v1/models'],
    ['/api/models/gpt', '/m/gpt'],
    ['/api/', '/v1/'],
    ['/api', '/api'],
    ['/API/chat', '/API/chat'],
    ['/other/api/chat', '/other/api/chat'],
    ['/', '/'],
    ['/constructor', '/constructor'],
    ['/caf%C3%A9', '/coffee'],
  ])('make of %s %s', (from, to) => {
    const rules = {
      '/api/': '/v1/',
      '/api/chat': '/v1/chat/completions',
      '/api/models/': '/m/',
      '/caf%C3%A9': '/coffee',
    }
    expect(rewritten(rules, from)).toBe(to)
  })

  it('can add and remove a prefix', () => {
    expect(rewritten({ '/': '/v1/' }, '/chat')).toBe('/v1/chat')
    expect(rewritten({ '/api/': '/' }, '/api/v1/chat')).toBe('/v1/chat')
  })

  it.each([
    [{ 'api/chat': '/v1' }],
    [{ '/api/chat': 'v1' }],
    [{ '/api/chat': 'https://evil.test/v1' }],
    [{ '/api/chat': '' }],
    [{ '/api/chat': undefined }],
    [{ '/api/chat?x': '/v1' }],
    [{ '/api/chat': '/v1?x=1' }],
    [{ '/api/chat': '/v1#x' }],
    [{ '/api/': '/v1' }],
    ['/v1'],
    [null],
    [7],
  ])('are rejected when they are passed: %j', (path) => {
    const make = () => sseProxy('http://up.test', { path: path as PathRules })
    expect(make).toThrow(TypeError)
    expect(make).toThrow(/^path /)
  })
})

describe('replacePath', () => {
  const url = new URL('http://proxy.test/api/chat?q=1')

  it.each([
    ['/v1', '/v1?q=1'],
    ['/v1?', '/v1?'],
    ['/v1?a=%20b&c', '/v1?a=%20b&c'],
    ['/v1?a=/../x', '/v1?a=/../x'],
    ['/v1#f?a=1', '/v1?q=1'],
    ['/v 1/ä', '/v%201/%C3%A4?q=1'],
    ['//evil.test/x', '//evil.test/x?q=1'],
  ])('puts %s in its place', (path, result) => {
    expect(replacePath(url, path)?.href).toBe(`http://proxy.test${result}`)
  })

  it.each([
    '/v1/../admin',
    '/v1/..',
    '/v1/./x',
    '/v1/%2e%2e/admin',
    '/v1\\..\\admin',
    '/v1/.\t./admin',
    '/v1/%252e%252e/admin',
  ])('refuses %s', (path) => {
    expect(replacePath(url, path)).toBeUndefined()
  })
})
