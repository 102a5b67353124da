import { connect, type Socket } from 'node:net'
import { within } from '../within.ts'

/** A client that sends arbitrary bytes, which HTTP clients do not. */
export interface RawClient {
  readonly socket: Socket
  /** Everything that has arrived, as Latin-1. */
  readonly text: string
  send(text: string): void
  /** Resolves when what has arrived contains the text; rejects if the connection closes before, or nothing happens. */
  until(text: string): Promise<string>
  /** Resolves when the connection has closed, to the code of its error if there was one. */
  readonly closed: Promise<string | undefined>
}

export function rawClient(
  port: number,
  { allowHalfOpen = false }: { allowHalfOpen?: boolean } = {},
): RawClient {
  let text = ''
  let isClosed = false
  let code: string | undefined
  const wake = new Set<() => void>()
  const wakeAll = (): void => {
    for (const check of wake) check()
  }
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen })
  socket.setEncoding('latin1')
  socket.on('data', (chunk: string) => {
    text += chunk
    wakeAll()
  })
  socket.on('error', (error: NodeJS.ErrnoException) => {
    code = error.code
  })
  const closed = new Promise<string | undefined>((resolve) => {
    socket.on('close', () => {
      isClosed = true
      wakeAll()
      resolve(code)
    })
  })
  return {
    socket,
    get closed() {
      const ended = within(
        () => `close of the connection, which sent ${JSON.stringify(text)}`,
        closed,
      )
      // A test may look at it and then await something else.
      ended.catch(() => {})
      return ended
    },
    get text() {
      return text
    },
    send: (data) => void socket.write(data, 'latin1'),
    until: (wanted) => {
      const arrived = new Promise<string>((resolve, reject) => {
        const check = (): void => {
          if (text.includes(wanted)) resolve(text)
          else if (isClosed) reject(new Error(`Closed (${code}) before ${wanted}: ${text}`))
          else return
          wake.delete(check)
        }
        wake.add(check)
        check()
      })
      return within(() => `${JSON.stringify(wanted)} in ${JSON.stringify(text)}`, arrived)
    },
  }
}

/** The HTTP/1.1 text of a POST with a body. */
export function post(path: string, body: string, type = 'application/json', extra = ''): string {
  return `POST ${path} HTTP/1.1\r\nhost: test\r\ncontent-type: ${type}\r\ncontent-length: ${Buffer.byteLength(body)}\r\n${extra}\r\n${body}`
}

/** The HTTP text of a request without a body. */
export function ask(path: string, method = 'GET', version = '1.1', extra = ''): string {
  return `${method} ${path} HTTP/${version}\r\nhost: test\r\n${extra}\r\n`
}
