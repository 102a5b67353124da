import { expect, it } from 'vitest'
import { listen } from '../../src/cli/listen.ts'

const SIZE = 32 * 1024 * 1024
const large = (): Response => new Response(new Uint8Array(SIZE))

it('closes after the last bytes of a running response have been sent', async () => {
  const listener = await listen(large, 0, '127.0.0.1')
  const response = await fetch(listener.url)
  const closed = listener.close(600_000)
  expect((await response.arrayBuffer()).byteLength).toBe(SIZE)
  await closed
  await expect(fetch(listener.url)).rejects.toThrow('fetch failed')
})

it('closes the connection of a client that reads nothing', async () => {
  const listener = await listen(large, 0, '127.0.0.1')
  const response = await fetch(listener.url)
  await listener.close(20)
  await expect(response.arrayBuffer()).rejects.toThrow('terminated')
})

it('puts an IPv6 address in brackets', async () => {
  const listener = await listen(large, 0, '::1')
  expect(listener.url).toMatch(/^http:\/\/\[::1\]:\d+$/)
  await listener.close(0)
})
