import type { Client, ClientActs, ClientSide } from './client-side.ts'

/**
 * Calls a fetch handler without a server in between. All requests share one signal, as in applications
 * that pass on a signal of the whole process: leftover listeners add up. Only a client that leaves before
 * there is a body to cancel needs its own signal.
 */
export function fetchClient(
  handler: (request: Request) => Promise<Response>,
  url: string,
  shared: AbortSignal | undefined,
  { requestBytes, onChunk }: ClientActs,
): Client {
  const left = new AbortController()
  const init = requestBytes > 0 ? { method: 'POST', body: Buffer.alloc(requestBytes, 0x71) } : {}
  const signal = shared ?? left.signal
  // Not passed to the constructor, which creates its own signal that only follows this one.
  const request = Object.defineProperty(new Request(url, init), 'signal', { value: signal })
  const side = read(handler, request, left.signal, onChunk)
  return { side, leave: () => left.abort() }
}

async function read(
  handler: (request: Request) => Promise<Response>,
  request: Request,
  left: AbortSignal,
  onChunk: ClientActs['onChunk'],
): Promise<ClientSide> {
  const chunks: Uint8Array[] = []
  let receivedBytes = 0
  let gate: Promise<unknown> | undefined
  const response = await handler(request)
  const { status } = response
  const reader = response.body?.getReader()
  const side = (end: ClientSide['end']): ClientSide => ({
    status,
    body: Buffer.concat(chunks),
    end: left.aborted ? 'left' : end,
  })
  const hasLeft = new Promise<void>((resolve) => {
    const onLeft = (): void => {
      // A body that has already failed rejects its reader.
      reader?.cancel(new Error('The reader left')).catch(() => {})
      resolve()
    }
    left.addEventListener('abort', onLeft, { once: true })
    if (left.aborted) onLeft()
  })
  let hasToLeave = false
  const reins = {
    get receivedBytes() {
      return receivedBytes
    },
    pause: () => {
      gate = hasLeft
    },
    pauseFor: (pauseMs: number) => {
      gate = new Promise((resolve) => {
        setTimeout(resolve, pauseMs)
      })
    },
    leave: () => {
      hasToLeave = true
    },
  }
  try {
    for (;;) {
      const result = await reader?.read()
      if (result === undefined || result.done) return side('clean')
      chunks.push(result.value)
      receivedBytes += result.value.length
      onChunk(reins)
      if (hasToLeave) {
        await reader?.cancel(new Error('The reader left'))
        return { ...side('broken'), end: 'left' }
      }
      await gate
      gate = undefined
    }
  } catch {
    return side('broken')
  }
}
