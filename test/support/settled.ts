/**
 * Waits until everything that needs no timer has happened and Node has reported unhandled rejections. Does not wait for
 * a time: each turn runs all microtasks.
 */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 4; turn++) await new Promise((resolve) => setImmediate(resolve))
}
