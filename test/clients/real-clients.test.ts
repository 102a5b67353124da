import { readFileSync } from 'node:fs'
import { transcript } from 'sse-stream-kit/testing'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { type BeatingProxy, type BeatingProxyOptions, beatingProxy } from './beating-proxy.ts'
import { CASE_NAMES, type CaseName, TEXT } from './cases.ts'
import { ALL_CLIENTS } from './clients.ts'
import { EXPECTED } from './expected.ts'
import type { RealClient } from './real-client.ts'
import { linesOf, prepareClients, seeAll, seeCase } from './see-all.ts'
import { TABLES, withTable } from './tables.ts'

let restore = (): void => {}
beforeAll(() => {
  restore = prepareClients()
})
afterAll(() => restore())

describe('real clients, without and with the proxy', () => {
  const sights: Partial<Record<CaseName, ReturnType<typeof seeCase>>> = {}
  const seeOnce = (name: CaseName): ReturnType<typeof seeCase> => {
    sights[name] ??= seeCase(name)
    return sights[name]
  }

  it.each(CASE_NAMES)('see what is expected: %s', async (name) => {
    expect(linesOf(await seeOnce(name))).toEqual(EXPECTED[name])
  })

  it.each(TABLES)('see what $page documents: $name', async ({ page, name, table }) => {
    const text = readFileSync(new URL(`../../${page}`, import.meta.url), 'utf8')
    expect(text).toBe(withTable(text, name, table(await seeAll(seeOnce))))
  })
})

describe('heartbeats', () => {
  const LINE = ': keepalive\n'
  const AUTO: Record<string, string> = {
    '@google/genai': '\n',
    'ai, google': '\n',
    eventsource: LINE,
    '@microsoft/fetch-event-source': LINE,
  }

  const open = async (
    { dialect }: RealClient,
    options: BeatingProxyOptions,
  ): Promise<BeatingProxy> => {
    const proxy = await beatingProxy(() => transcript(dialect, { text: TEXT }), options)
    onTestFinished(() => proxy.close())
    return proxy
  }

  it.each(ALL_CLIENTS)('between its events do not disturb $name', async (client) => {
    const { url, requests, heartbeats } = await open(client, { heartbeats: 50 })
    expect(await client.read(url)).toMatchObject({ text: TEXT, usage: [9, 7] })
    expect(requests).toHaveLength(1)
    expect(heartbeats.length).toBeGreaterThanOrEqual(50)
    expect(new Set(heartbeats)).toEqual(new Set([AUTO[client.name] ?? ': keepalive\n\n']))
  })

  const isRead = async (client: RealClient, frame: string): Promise<boolean> => {
    const { url, requests } = await open(client, { heartbeats: 2, frame })
    const { text } = await client.read(url).catch(() => ({ text: undefined }))
    return text === TEXT && requests.length === 1
  }
  const UNREAD: Record<string, string[]> = {
    '@google/genai': ['comment-line'],
    '@microsoft/fetch-event-source': ['comment', 'blank'],
  }

  it.each(ALL_CLIENTS)('as documented are safe with $name', async (client) => {
    const unread = await Promise.all(
      ['comment', 'comment-line', 'blank'].map(async (frame) =>
        (await isRead(client, frame)) ? [] : [frame],
      ),
    )
    expect(unread.flat()).toEqual(UNREAD[client.name] ?? [])
  })
})
