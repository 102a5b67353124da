import type { ClientRequest } from './client-request.ts'

/** The head of an answer. */
export interface ClientHead {
  status: number
  headers: Headers
}

/** An answer whose body comes only as far as it is asked for. */
export interface ClientSource {
  head: Promise<ClientHead>
  /** The next bytes; `undefined` at the end; rejects when the answer broke. */
  read(): Promise<Uint8Array | undefined>
  /** Goes away at once. */
  leave(): void
}

/** Asks an address over a connection of its own, or takes the answer that is there already. */
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
    // The stream may have errored already, and then cancel rejects with what `read` gives.
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
  // A test that looks only at how the exchange ended need not look at the head.
  head.catch(() => {})
  return {
    head,
    read: async () => (await (await answered).chunks.next()).value,
    leave: () => {
      if (hasLeft) return
      hasLeft = true
      // What cannot be asked for needs no leaving; `read` tells why.
      void asked.then(({ destroy }) => destroy()).catch(() => {})
    },
  }
}
