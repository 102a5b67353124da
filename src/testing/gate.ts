/** A promise and the function that resolves it. */
export interface Gate {
  /** Resolves when the gate is opened. */
  readonly opened: Promise<void>
  /** Opens the gate; it cannot be closed again. */
  open(): void
}

/**
 * Makes a gate at which a script waits until the test opens it, so that no test needs to sleep.
 *
 * - Holds one promise, which never rejects. There is nothing to cancel.
 *
 * @example Send the second event when the first has been seen
 * ```ts
 * import { fakeUpstream, gate, step } from 'sse-stream-kit/testing'
 *
 * const seen = gate()
 * const upstream = fakeUpstream([
 *   step.send({ data: '1' }),
 *   step.until(seen.opened),
 *   step.send({ data: '2' }),
 * ])
 * const response = await upstream.fetch('http://upstream.test/')
 * const reader = response.body!.getReader()
 * for (let read = await reader.read(); !read.done; read = await reader.read()) {
 *   console.log(new TextDecoder().decode(read.value))
 *   seen.open()
 * }
 * ```
 */
export function gate(): Gate {
  let open = (): void => {}
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  return { opened, open: () => open() }
}
