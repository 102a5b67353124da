import { readFileSync } from 'node:fs'

/** Bytes in the kernel for one end of a connection. */
export interface SocketQueues {
  /** Sent, but not acknowledged by the other end. */
  send: number
  /** Received, but not read by the process. */
  receive: number
}

/** The queues of the connections on loopback, by local and remote port. Linux only. */
export class AllSocketQueues {
  readonly #queues = new Map<string, SocketQueues>()

  constructor() {
    for (const line of readFileSync('/proc/net/tcp', 'utf8').trimEnd().split('\n').slice(1)) {
      const [, local = '', remote = '', , queues = ''] = line.trim().split(/\s+/)
      const [send, receive] = queues.split(':').map((hex) => Number.parseInt(hex, 16))
      this.#queues.set(`${portOf(local)} ${portOf(remote)}`, {
        send: send ?? 0,
        receive: receive ?? 0,
      })
    }
  }

  of(localPort: number, remotePort: number): SocketQueues {
    const queues = this.#queues.get(`${localPort} ${remotePort}`)
    if (queues === undefined) throw new Error(`No connection from ${localPort} to ${remotePort}`)
    return queues
  }
}

function portOf(address: string): number {
  return Number.parseInt(address.split(':')[1] ?? '', 16)
}
