import type { ClientRequest } from './client-request.ts'

/** The head of a response. */
export interface ClientHead {
  status: number
  headers: Headers
}

/** A response whose body is read only on demand. */
export interface ClientSource {
  head: Promise<ClientHead>
  /** Resolves to the next bytes, or to `undefined` at the end; rejects when the response breaks. */
  read(): Promise<Uint8Array | undefined>
  /** Disconnects at once. */
  leave(): void
}

/** Sends a request to an address on a connection of its own, or reads a given response. */
export function clientSource(
  source: string | URL | Response,
  request: ClientRequest,
): ClientSource {
  return typeof source === 'string' || source instanceof URL
    ? socketSource(new URL(source), request)
    : responseSource(source)
}

function responseSource(response: Response): ClientSource {
  const reader = response.body?.getReader()
  return {
    head: Promise.resolve({ status: response.status, headers: response.headers }),
    read: async () => (await reader?.read())?.value,
    // Cancelling a stream that has errored rejects with the error that `read` has given.
    leave: () => void reader?.cancel().catch(() => {}),
  }
}

function socketSource(url: URL, request: ClientRequest): ClientSource {
  let hasLeft = false
  // Imported here, so that the entry point loads in runtimes without `node:http`.
  const asked = import('../node/send-request.ts').then(({ sendRequest }) =>
    sendRequest(url, request),
  )
  const answered = asked.then(({ response }) => response)
  const head = answered.then(({ status, headers }) => ({ status, headers }))
  // A test that reads only the verdict leaves the head unobserved.
  head.catch(() => {})
  return {
    head,
    read: async () => (await (await answered).chunks.next()).value,
    leave: () => {
      if (hasLeft) return
      hasLeft = true
      // A request that could not be sent has nothing to destroy; `read` rejects with the reason.
      void asked.then(({ destroy }) => destroy()).catch(() => {})
    },
  }
}
