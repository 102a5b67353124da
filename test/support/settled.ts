/**
 * Waits until everything that can happen without a timer has happened, and Node has had its chance to report
 * rejections that nobody handled. No length of time is involved: each turn runs all microtasks.
 */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 4; turn++) await new Promise((resolve) => setImmediate(resolve))
}
