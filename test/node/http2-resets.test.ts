import { execFile } from 'node:child_process'
import { expect, it } from 'vitest'
import { bundleDriver } from '../support/bundle-driver.ts'

/** A failing process failed after 1 to 500. */
const REQUESTS_EACH = process.env['CI'] ? 1_000 : 100

it('breaks thousands of HTTP/2 responses, none of which ends the process or looks complete', {
  timeout: 150_000,
}, async () => {
  const outfile = await bundleDriver(new URL('http2-resets-driver.ts', import.meta.url))
  const ran = await new Promise<{ error: unknown; stdout: string; stderr: string }>((resolve) => {
    execFile(process.execPath, [outfile, String(REQUESTS_EACH)], (error, stdout, stderr) =>
      resolve({ error: error?.signal ?? error?.code, stdout, stderr }),
    )
  })
  expect(ran).toEqual({ error: undefined, stdout: expect.any(String), stderr: '' })
  expect(JSON.parse(ran.stdout)).toEqual({
    [`/head "", code 2`]: REQUESTS_EACH,
    [`/event ${JSON.stringify('data: 1\n\n')}, code 2`]: REQUESTS_EACH,
  })
})
