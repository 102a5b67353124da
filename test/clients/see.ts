import { sseProxy } from 'sse-stream-kit'
import { fakeUpstream, type RecordedRequest, serve } from 'sse-stream-kit/testing'
import { beatingProxy } from './beating-proxy.ts'
import { type Case, TEXT } from './cases.ts'
import type { ClientReading, RealClient } from './real-client.ts'
import { withShortWaits } from './short-waits.ts'

/** What a client saw, and what it did. */
export interface Sight extends Omit<ClientReading, 'text'> {
  text: 'all' | 'part' | 'none'
  /** Class and message of its error; absent where it reported none. */
  error?: string
  /** The number of its requests, where it is not 1. */
  requests?: number
  /** Seconds for which it waited to send another request. */
  waits?: number[]
  /** Present where its abort closed the upstream's connection. */
  closedUpstream?: true
}

interface Started {
  url: string
  requests: readonly RecordedRequest[]
  close: () => Promise<void>
}

/** Lets a client read a case over sockets, straight from the upstream or through the proxy. */
export async function see(client: RealClient, one: Case, isProxied: boolean): Promise<Sight> {
  const server = await start(client, one, isProxied)
  const controller = new AbortController()
  // What arrived; a client that succeeds has the last word.
  let text = ''
  const readings: ClientReading[] = []
  const errors: string[] = []
  const onText = (piece: string): void => {
    text += piece
    if (one.aborts) controller.abort()
  }
  const { retries, aborts } = one
  const signal = aborts ? controller.signal : undefined
  try {
    const waits = await withShortWaits(() =>
      client.read(server.url, { retries, signal, onText }).then(
        (reading) => readings.push(reading),
        (error: unknown) => errors.push(errorText(error)),
      ),
    )
    if (aborts) await server.requests[0]?.closed
    const [error] = errors
    const { length } = server.requests
    const { usage, finishReason, text: read = text } = readings[0] ?? {}
    return {
      text: read === TEXT ? 'all' : read === '' ? 'none' : 'part',
      ...(usage?.[0] !== undefined && { usage }),
      ...(finishReason != null && { finishReason }),
      ...(error !== undefined && { error }),
      ...(length !== 1 && { requests: length }),
      ...(waits.length > 0 && { waits }),
      ...(aborts && server.requests[0]?.aborted && { closedUpstream: true }),
    }
  } finally {
    await server.close()
  }
}

async function start({ dialect }: RealClient, one: Case, isProxied: boolean): Promise<Started> {
  const script = (request: RecordedRequest) => one.upstream(dialect, request)
  if (isProxied && one.beating !== undefined) return await beatingProxy(script, one.beating)
  const upstream = fakeUpstream(script)
  const { requests } = upstream
  const url = await upstream.listen()
  if (!isProxied) return { url, requests, close: () => upstream.close() }
  const proxy = sseProxy(url, one.options)
  const server = await serve(proxy)
  return {
    url: server.url,
    requests,
    close: async () => {
      await proxy.close({ drainMs: 0 })
      await server.close()
      await upstream.close()
    },
  }
}

/** The AI SDK reports some errors as plain objects. */
function errorText(error: unknown): string {
  if (!(error instanceof Error)) {
    const { message } = Object(error) as { message?: unknown }
    return `object: ${message ?? JSON.stringify(error)}`
  }
  const { name, message } = error
  // Some messages quote the whole event.
  const start = message.length > 110 ? `${message.slice(0, 110)}…` : message
  return `${name === 'Error' ? error.constructor.name : name}: ${start}`
}

/** Writes a sight as one line. */
export function sightText({ text, usage, finishReason, error, ...rest }: Sight): string {
  const { requests, waits = [], closedUpstream } = rest
  return [
    text === 'none' ? 'no text' : `${text} text`,
    ...(usage === undefined ? [] : [usage.join('+')]),
    ...(finishReason === undefined ? [] : [finishReason]),
    ...(error === undefined ? [] : [error]),
    ...(requests === undefined ? [] : [`${requests} requests`]),
    ...waits.map((seconds) => `after ${seconds} s`),
    ...(closedUpstream ? ['upstream closed'] : []),
  ].join('; ')
}
