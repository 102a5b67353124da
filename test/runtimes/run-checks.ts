/** For a check that hangs; a successful one takes milliseconds. */
const CHECK_MS = 5_000

/**
 * Runs every check against a server of the subject: those inside the runtime, and those of a client outside.
 *
 * @returns the error of each check, by its name; '' for none
 */
export async function runChecks(url: string, upstream: string): Promise<Map<string, string>> {
  const names = (await (await fetch(`${url}/checks`)).json()) as string[]
  const results = new Map<string, string>()
  for (const name of names) {
    results.set(
      name,
      await problemOf(async (signal) => {
        const response = await fetch(`${url}/check/${encodeURIComponent(name)}`, { signal })
        const { isOk, error } = (await response.json()) as { isOk: boolean; error?: string }
        if (!isOk) throw new Error(error)
      }),
    )
  }
  for (const [name, check] of Object.entries(CLIENT_CHECKS)) {
    results.set(name, await problemOf((signal) => check(url, upstream, signal)))
  }
  return results
}

type ClientCheck = (url: string, upstream: string, signal: AbortSignal) => Promise<void>

const CLIENT_CHECKS: Readonly<Record<string, ClientCheck>> = {
  'served: each event at once': async (url, upstream, signal) => {
    const id = crypto.randomUUID()
    const { body } = await fetch(`${url}/gated?id=${id}`, { signal })
    const reader = readerOf(body)
    await readUntil(reader, 'data: 1\n\n')
    await fetch(`${upstream}/open?id=${id}`, { signal })
    await readUntil(reader, 'data: 2\n\n')
    if (!(await reader.read()).done) throw new Error('More came than the upstream sent')
  },
  'served: a client that leaves closes the upstream': async (url, upstream, signal) => {
    const id = crypto.randomUUID()
    const leaving = new AbortController()
    const { body } = await fetch(`${url}/gated?id=${id}`, { signal: leaving.signal })
    await readUntil(readerOf(body), 'data: 1\n\n')
    leaving.abort()
    await (await fetch(`${upstream}/closed?id=${id}`, { signal })).text()
  },
  'served: a broken upstream breaks the response': async (url, upstream, signal) => {
    const id = crypto.randomUUID()
    const { body } = await fetch(`${url}/broken?id=${id}`, { signal })
    const reader = readerOf(body)
    await readUntil(reader, 'data: 1\n\n')
    await fetch(`${upstream}/open?id=${id}`, { signal })
    const end = await reader.read().then(
      () => 'ended cleanly',
      () => 'broke',
    )
    signal.throwIfAborted()
    if (end !== 'broke') throw new Error(`The response ${end}`)
  },
}

async function problemOf(check: (signal: AbortSignal) => Promise<void>): Promise<string> {
  const controller = new AbortController()
  const timer = setTimeout(
    () => controller.abort(new Error(`Not done within ${CHECK_MS} ms`)),
    CHECK_MS,
  )
  try {
    await check(controller.signal)
    return ''
  } catch (error) {
    return String(error)
  } finally {
    clearTimeout(timer)
  }
}

type Reader = ReadableStreamDefaultReader<Uint8Array>

function readerOf(body: ReadableStream<Uint8Array> | null): Reader {
  if (body === null) throw new Error('The response has no body')
  return body.getReader()
}

async function readUntil(reader: Reader, wanted: string): Promise<void> {
  let text = ''
  while (text !== wanted) {
    const { done, value } = await reader.read()
    if (done) throw new Error(`The response ended with ${JSON.stringify(text)}`)
    text += new TextDecoder().decode(value)
    if (!wanted.startsWith(text)) throw new Error(`The response was ${JSON.stringify(text)}`)
  }
}
