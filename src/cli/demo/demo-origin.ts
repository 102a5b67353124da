import { fakeUpstream, serve, step } from '../../testing.ts'
import { chatTranscript } from './chat-transcript.ts'
import { ChunkLog } from './chunk-log.ts'
import type { DemoFlags } from './demo-flags.ts'

/** The upstream of both proxies of the demo. */
export interface DemoOrigin {
  readonly url: string
  close(): Promise<void>
}

/** Answered at once: requests to it load code and open connections before the measurement. */
export const WARM_UP_PATH = '/warm-up'

const MAX_ANSWER_BYTES = 67_108_864

/** Starts the built-in upstream, or one that sends a single request to the endpoint of the flags for both proxies. */
export async function demoOrigin(
  flags: Pick<DemoFlags, 'remote' | 'body' | 'speed'>,
): Promise<DemoOrigin> {
  const { remote } = flags
  return remote === undefined ? builtIn(flags.speed) : await shared(remote, flags.body)
}

async function builtIn(speed: number): Promise<DemoOrigin> {
  const steps = chatTranscript(speed)
  const upstream = fakeUpstream(({ url }) =>
    url === WARM_UP_PATH ? [step.send({ data: WARM_UP_PATH })] : steps,
  )
  return { url: await upstream.listen(), close: () => upstream.close() }
}

/** Two answers of a model differ. With a single request both proxies relay the same answer, and it is paid for once. */
async function shared(remote: NonNullable<DemoFlags['remote']>, body: string): Promise<DemoOrigin> {
  const gone = new AbortController()
  let asked: Promise<{ head: ResponseInit; log: ChunkLog }> | undefined
  const ask = async (): Promise<{ head: ResponseInit; log: ChunkLog }> => {
    const { url, headers } = remote
    const answer = await fetch(url, { method: 'POST', headers, body, signal: gone.signal })
    const log = new ChunkLog(MAX_ANSWER_BYTES)
    void log.fill(answer.body ?? new Blob().stream())
    const type = answer.headers.get('content-type')
    return { head: { status: answer.status, headers: type ? { 'content-type': type } : {} }, log }
  }
  const server = await serve(async (request) => {
    if (new URL(request.url).pathname === WARM_UP_PATH) {
      const headers = { 'content-type': 'text/event-stream' }
      return new Response(`data: ${WARM_UP_PATH}\n\n`, { headers })
    }
    try {
      asked ??= ask()
      const { head, log } = await asked
      return new Response(log.read(), head)
    } catch (error) {
      const { cause } = error as { cause?: unknown }
      return new Response(String(cause ?? error), { status: 502 })
    }
  })
  return {
    url: server.url,
    close: async () => {
      gone.abort()
      await server.close()
    },
  }
}
