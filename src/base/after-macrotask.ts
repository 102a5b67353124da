/**
 * Calls back after one full turn of the event loop. By then everything that the current macrotask started has
 * finished, such as a write that Node defers until all callbacks have run.
 *
 * Uses a `MessageChannel` because fake timers do not replace it: `setTimeout` and `setImmediate` never fire in a
 * test whose clock stands still. Falls back to `setTimeout` on runtimes without it.
 */
export function afterMacrotask(callback: () => void): void {
  if (typeof MessageChannel !== 'function') {
    setTimeout(callback, 0)
    return
  }
  // One per call: in Workers, a request cannot use I/O objects of another request.
  const { port1, port2 } = new MessageChannel()
  let isSecond = false
  port1.onmessage = () => {
    // Node may deliver the first message before its immediates run, in which HTTP/2 writes.
    if (!isSecond) {
      isSecond = true
      port2.postMessage(undefined)
      return
    }
    // An open port keeps Node running.
    port1.close()
    callback()
  }
  port2.postMessage(undefined)
}
