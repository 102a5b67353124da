import {
  fakeUpstream,
  gate,
  type RecordedRequest,
  step,
  type UpstreamStep,
} from '../../src/testing.ts'

const CHECK_MS = 15_000
/** Whether the last bytes arrive depends on the order of writes, so these checks are repeated. */
const REPEATS = 20
const EVENTS = Array.from({ length: 40 }, (_, index) => `data: ${index}\n\n`).join('')

const BODY = '{"stream":true}'

/** An upstream with a script per check. */
export interface ScriptedUpstream {
  url: string
  /** Responds to all later requests with this script. */
  play(script: readonly UpstreamStep[]): void
  /** Resolves when the next request has arrived. */
  next(): Promise<RecordedRequest>
  close(): Promise<void>
}

export async function scriptedUpstream(): Promise<ScriptedUpstream> {
  let script: readonly UpstreamStep[] = []
  const upstream = fakeUpstream(() => script)
  return {
    url: await upstream.listen(),
    play: (steps) => {
      script = steps
    },
    next: () => upstream.request(upstream.requests.length),
    close: () => upstream.close(),
  }
}

type Check = (url: string, upstream: ScriptedUpstream, signal: AbortSignal) => Promise<void>

/** The checks from the view of a client of the running application. Each rejects on failure. */
export const CHECKS: Readonly<Record<string, Check>> = {
  'the first event arrives before the second is sent': (url, upstream, signal) =>
    eachAtOnce(`${url}/v1/chat/completions`, upstream, signal),

  'the example in examples/next-route.ts streams too': (url, upstream, signal) =>
    eachAtOnce(`${url}/example/v1/chat/completions`, upstream, signal),

  'app/api/chat/route.ts reaches /v1/chat/completions with its key, by the option path': async (
    url,
    upstream,
    signal,
  ) => {
    upstream.play([step.raw('data: 1\n\n')])
    const next = upstream.next()
    const came = await restOf(readerOf(await post(`${url}/api/chat`, signal)))
    if (came.text !== 'data: 1\n\n' || came.isBroken) throw new Error(`There came ${shown(came)}`)
    const request = await next
    const { url: path } = request
    if (path !== '/v1/chat/completions') throw new Error(`The upstream was asked for ${path}`)
    const key = request.headers.get('authorization')
    if (key !== 'Bearer key-of-the-app') throw new Error(`The upstream got the key ${shown(key)}`)
    const body = await request.text()
    if (body !== BODY) throw new Error(`The upstream got the body ${shown(body)}`)
  },

  'the response head arrives before the first event, with heartbeat.atStart': async (
    url,
    upstream,
    signal,
  ) => {
    const release = gate()
    upstream.play([step.status(200), step.until(release.opened), step.raw('data: 1\n\n')])
    const response = await post(`${url}/early/v1/chat/completions`, signal)
    const reader = readerOf(response)
    const frame = decode((await reader.read()).value)
    if (!/^(:.*\n)+\n?$/.test(frame)) throw new Error(`Instead of a comment came ${shown(frame)}`)
    release.open()
    const rest = await restOf(reader)
    if (rest.text !== 'data: 1\n\n' || rest.isBroken) throw new Error(`Then came ${shown(rest)}`)
  },

  'a client that leaves mid-stream closes the upstream': async (url, upstream, signal) => {
    upstream.play([step.raw('data: 1\n\n'), step.hang()])
    const leaving = leavingWith(signal)
    const next = upstream.next()
    const response = await post(`${url}/v1/chat/completions`, leaving.signal)
    await readUntil(readerOf(response), 'data: 1\n\n')
    leaving.abort()
    await wasAborted(await next)
  },

  'a client that leaves before the response head closes the upstream': async (
    url,
    upstream,
    signal,
  ) => {
    upstream.play([step.never()])
    const leaving = leavingWith(signal)
    const next = upstream.next()
    const response = post(`${url}/v1/chat/completions`, leaving.signal).then(
      () => 'came',
      () => 'none',
    )
    const request = await next
    leaving.abort()
    if ((await response) !== 'none') throw new Error('There was a response')
    await wasAborted(request)
  },

  'every whole event and the error event arrive before the break': (url, upstream, signal) =>
    breaks(`${url}/told/v1/chat/completions`, upstream, signal, isErrorEvent),

  'every whole event arrives before a break without an error event': (url, upstream, signal) =>
    breaks(`${url}/v1/chat/completions`, upstream, signal, (rest) => rest === ''),

  'the error event arrives after a reset of the upstream, too': async (url, upstream, signal) => {
    for (let times = 0; times < REPEATS; times++) {
      const read = gate()
      const script = [step.raw(EVENTS), step.until(read.opened), step.reset()]
      upstream.play(script)
      const reader = readerOf(await post(`${url}/told/v1/chat/completions`, signal))
      await readUntil(reader, EVENTS)
      read.open()
      const rest = await restOf(reader)
      if (!isErrorEvent(rest.text) || !rest.isBroken)
        throw new Error(`After the events came ${shown(rest)}`)
    }
  },
}

/** Why the check failed; '' if it passed. */
export async function problemOf(
  check: Check,
  url: string,
  upstream: ScriptedUpstream,
): Promise<string> {
  const controller = new AbortController()
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      const error = new Error(`Not done within ${CHECK_MS / 1000} s`)
      reject(error)
      controller.abort(error)
    }, CHECK_MS)
  })
  try {
    await Promise.race([check(url, upstream, controller.signal), late])
    return ''
  } catch (error) {
    return String(error)
  } finally {
    clearTimeout(timer)
  }
}

async function eachAtOnce(
  url: string,
  upstream: ScriptedUpstream,
  signal: AbortSignal,
): Promise<void> {
  const release = gate()
  upstream.play([step.raw('data: 1\n\n'), step.until(release.opened), step.raw('data: 2\n\n')])
  const response = await post(url, signal)
  const coding = response.headers.get('content-encoding')
  if (coding !== null) throw new Error(`Next compressed the stream: ${coding}`)
  const reader = readerOf(response)
  await readUntil(reader, 'data: 1\n\n')
  release.open()
  const rest = await restOf(reader)
  if (rest.text !== 'data: 2\n\n' || rest.isBroken) throw new Error(`Then came ${shown(rest)}`)
}

async function breaks(
  url: string,
  upstream: ScriptedUpstream,
  signal: AbortSignal,
  isRight: (rest: string) => boolean,
): Promise<void> {
  upstream.play([step.raw(`${EVENTS}data: hal`), step.cut()])
  for (let times = 0; times < REPEATS; times++) {
    const came = await restOf(readerOf(await post(url, signal)))
    if (!came.text.startsWith(EVENTS) || !isRight(came.text.slice(EVENTS.length)))
      throw new Error(`Request ${times + 1} got ${shown(came)}`)
    if (!came.isBroken) throw new Error(`Request ${times + 1} ended cleanly`)
  }
}

async function wasAborted(request: RecordedRequest): Promise<void> {
  await request.closed
  if (!request.aborted) throw new Error("The upstream's response ended, but was not aborted")
}

const isErrorEvent = (text: string): boolean =>
  /^data: {"error":.*"code":"SSE_UPSTREAM_NETWORK"}}\n\n$/.test(text)

type Reader = ReadableStreamDefaultReader<Uint8Array>

const decode = (chunk: Uint8Array | undefined): string => new TextDecoder().decode(chunk)
const shown = (value: unknown): string => JSON.stringify(value)

async function post(url: string, signal: AbortSignal): Promise<Response> {
  const headers = { 'content-type': 'application/json', 'accept-encoding': 'gzip' }
  const response = await fetch(url, { method: 'POST', headers, body: BODY, signal })
  if (response.status === 200) return response
  throw new Error(`The route answered ${response.status}: ${await response.text()}`)
}

function readerOf({ body }: Response): Reader {
  if (body === null) throw new Error('The response has no body')
  return body.getReader() as Reader
}

async function readUntil(reader: Reader, wanted: string): Promise<void> {
  let text = ''
  while (text !== wanted) {
    const { done, value } = await reader.read()
    if (done) throw new Error(`The response ended with ${shown(text)}`)
    text += decode(value)
    if (!wanted.startsWith(text)) throw new Error(`The response was ${shown(text)}`)
  }
}

async function restOf(reader: Reader): Promise<{ text: string; isBroken: boolean }> {
  let text = ''
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return { text, isBroken: false }
      text += decode(value)
    }
  } catch {
    return { text, isBroken: true }
  }
}

/** A controller of the check's own client, which also leaves when the check ends. */
function leavingWith(signal: AbortSignal): AbortController {
  const leaving = new AbortController()
  signal.addEventListener('abort', () => leaving.abort(), { once: true })
  return leaving
}
