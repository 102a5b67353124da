import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import fc from 'fast-check'
import { step } from 'sse-stream-kit/testing'
import { describe, expect, it, onTestFinished } from 'vitest'
import { requestUrl } from '../../src/http/request-url.ts'
import { openProxy } from '../support/http/open-proxy.ts'
import { rawRequest } from '../support/http/raw-request.ts'

const join = (base: string, path: string): string | undefined =>
  requestUrl(new URL(base), new URL(`http://client.test${path}`))?.href

describe('requestUrl', () => {
  it.each([
    ['https://up.test', '/v1/chat', 'https://up.test/v1/chat'],
    ['https://up.test/', '/v1/chat', 'https://up.test/v1/chat'],
    ['https://up.test/base', '/v1/chat', 'https://up.test/base/v1/chat'],
    ['https://up.test/base/', '/v1/chat', 'https://up.test/base/v1/chat'],
    ['https://up.test/base', '/', 'https://up.test/base/'],
    ['https://up.test/base', '', 'https://up.test/base/'],
    ['https://up.test:8443/base', '/a?b=c', 'https://up.test:8443/base/a?b=c'],
    ['https://up.test/base?key=1', '/a', 'https://up.test/base/a?key=1'],
    ['https://up.test/base?key=1', '/a?b=c&d', 'https://up.test/base/a?key=1&b=c&d'],
    ['https://up.test/base#part', '/a#other', 'https://up.test/base/a'],
    [
      'https://up.test/base',
      '/a%20b/%E4%B8%96?q=%2F',
      'https://up.test/base/a%20b/%E4%B8%96?q=%2F',
    ],
    ['https://up.test/base', '/a//b', 'https://up.test/base/a//b'],
    ['https://up.test/base', '/a:b@c', 'https://up.test/base/a:b@c'],
    [
      'https://up.test',
      '/v1beta/models/gemini:streamGenerateContent?alt=sse',
      'https://up.test/v1beta/models/gemini:streamGenerateContent?alt=sse',
    ],
  ])('joins %s and %s', (base, path, expected) => {
    expect(join(base, path)).toBe(expected)
  })

  it.each(['//evil.test', '//evil.test/x', '///evil.test', '/\\evil.test', '/\\\\evil.test', '//'])(
    'refuses %j, which names a host to whoever resolves it',
    (path) => {
      expect(join('https://up.test', path)).toBeUndefined()
    },
  )

  it.each([
    '//evil.test',
    '///evil.test',
    '/\\evil.test',
    '/\t/evil.test',
    '/http://evil.test',
    '/https:evil',
  ])('keeps %j inside of the base path', (path) => {
    expect(join('https://up.test/base', path)).toMatch(/^https:\/\/up\.test\/base\//)
  })

  it.each(['/../../admin', '/%2e%2e/admin', '/.%2E/admin', '/a/../../admin', '/\\..\\admin'])(
    'resolves %s before the join, so that it cannot leave the base',
    (path) => {
      expect(join('https://up.test/base', path)).toBe('https://up.test/base/admin')
    },
  )

  it.each([
    '/%2e%2e%2fadmin',
    '/..%2fadmin',
    '/..%5cadmin',
    '/%2e%2e%5Cadmin',
    '/a%2f..%2f..%2fadmin',
    '/%252e%252e/admin',
    '/%252e%252e%252fadmin',
    '/%25252e%25252e/admin',
    '/.%252e/admin',
    '/a%2f.%2fb',
  ])('refuses %s, which an upstream may decode into a dot segment', (path) => {
    expect(join('https://up.test/base', path)).toBeUndefined()
  })

  it.each(['/...', '/a..b', '/..a', '/.well-known/x', '/%2e%2ea'])(
    'accepts %s as a name',
    (path) => {
      expect(join('https://up.test/base', path)).toMatch(/^https:\/\/up\.test\/base\/[^/]/)
    },
  )

  it('never leaves the origin or base path, for any path', () => {
    const piece = fc.constantFrom(
      '/',
      '\\',
      '.',
      '..',
      '%2e',
      '%2f',
      '%5c',
      '%252e',
      'a',
      '@',
      ':',
      '?',
      '\t',
    )
    const paths = fc.array(piece, { maxLength: 12 }).map((pieces) => `/${pieces.join('')}`)
    fc.assert(
      fc.property(paths, fc.constantFrom('', '/base', '/base/deep/'), (path, basePath) => {
        const base = new URL(`https://up.test${basePath}`)
        const url = requestUrl(base, new URL(`http://client.test${path}`))
        if (url === undefined) return
        expect(url.origin).toBe('https://up.test')
        expect(`${url.pathname}/`.startsWith(`${base.pathname.replace(/\/$/, '')}/`)).toBe(true)
        if (basePath === '') return
        // The path for an upstream that decodes before it resolves.
        const decoded = decodeURIComponent(decodeURIComponent(url.pathname)).replaceAll('?', '')
        expect(new URL(`https://up.test${decoded}`).pathname.startsWith(base.pathname)).toBe(true)
      }),
      { seed: 1, numRuns: 2000 },
    )
  })
})

describe('the path of a request, over a socket', () => {
  it.each(['', '/base'])(
    'never reaches another host or path than the upstream %s',
    async (basePath) => {
      const evilRequests: string[] = []
      const evil = createServer((req, res) => {
        evilRequests.push(req.url ?? '')
        res.end()
      })
      await new Promise<void>((resolve) => evil.listen(0, '127.0.0.1', resolve))
      onTestFinished(() => void evil.close())
      const host = `127.0.0.1:${(evil.address() as AddressInfo).port}`
      const { url, upstream } = await openProxy([step.send({ data: '1' })], {
        to: (upstreamUrl) => upstreamUrl + basePath,
      })
      const targets = [
        `//${host}`,
        `//${host}/x`,
        `///${host}`,
        `/\\${host}`,
        `\\\\${host}`,
        `/\t/${host}`,
        `/%09/${host}`,
        `/\x01\\${host}`,
        `\x00//${host}`,
        `http://${host}/x`,
        `http://${host}//${host}/x`,
        `https:${host}`,
        `https://${host}/../admin`,
        `@${host}/`,
        `/@${host}/`,
        `.${host}/`,
        '/../../admin',
        '/%2e%2e/admin',
        '/%2E%2E/%2E%2E/admin',
        '/a/../../../admin',
        '/%2e%2e%2fadmin',
        '/..%5c..%5cadmin',
        '/%252e%252e%252fadmin',
        '/a/%2e%2e;/admin',
        '*',
        '?x',
      ]
      for (const target of targets) {
        const answer = await rawRequest(
          url,
          `GET ${target} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`,
        )
        const status = Number(answer.split(' ')[1])
        expect([200, 400], `${target}: ${answer.slice(0, 80)}`).toContain(status)
      }
      expect(evilRequests).toEqual([])
      for (const request of upstream.requests) {
        expect(request.url).toMatch(basePath === '' ? /^\/(?!\/)/ : /^\/base\//)
        expect(request.url).not.toContain('..')
        expect(request.headers.get('host')).not.toBe(host)
      }
    },
  )

  it('is passed on with its query', async () => {
    const { url, upstream } = await openProxy([step.send({ data: '1' })], {
      to: (upstreamUrl) => `${upstreamUrl}/base/?key=1`,
    })
    await (await fetch(`${url}/v1/chat%20x?alt=sse&q=%C3%A4`)).text()
    expect(upstream.requests[0]?.url).toBe('/base/v1/chat%20x?key=1&alt=sse&q=%C3%A4')
  })

  it('is a 400 with a code if it is rejected, and no request is sent', async () => {
    const { url, upstream, ended } = await openProxy([step.send({ data: '1' })])
    const answer = await rawRequest(
      url,
      'GET /%252e%252e/x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n',
    )
    expect(answer).toMatch(/^HTTP\/1\.1 400 /)
    expect(answer).toContain('"code":"SSE_BAD_REQUEST"')
    expect(await ended()).toMatchObject({ verdict: 'error', code: 'SSE_BAD_REQUEST', status: 400 })
    expect(upstream.requests).toHaveLength(0)
  })
})
