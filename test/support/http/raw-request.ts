import { connect } from 'node:net'

/** Sends bytes to a server as they are, and resolves to all that came back when the connection has closed. */
export function rawRequest(url: string, text: string): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(Number(new URL(url).port), '127.0.0.1')
    let received = ''
    socket.setEncoding('latin1')
    socket.on('data', (data) => {
      received += data
    })
    // A reset is an end like any other here.
    socket.on('error', () => {})
    socket.on('close', () => resolve(received))
    socket.write(text, 'latin1')
  })
}
