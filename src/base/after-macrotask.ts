/**
 * Calls back after a whole turn of the event loop: whatever the running macrotask has started, such as a write
 * that Node holds back until all callbacks have run, is done by then.
 *
 * Uses a `MessageChannel` because fake timers leave it alone: a test whose clock stands still would wait
 * forever for `setTimeout` or `setImmediate`. Falls back to `setTimeout` on runtimes without it.
 */
export function afterMacrotask(callback: () => void): void {
  if (typeof MessageChannel !== 'function') {
    setTimeout(callback, 0)
    return
  }
  // One for each call: Workers let no request do the I/O of another.
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
