import { gate, step } from 'sse-stream-kit/testing'
import { describe, expect, it, vi } from 'vitest'
import { requestClosed } from '../support/http/request-closed.ts'
import { watchRejections } from '../support/watch-rejections.ts'
import { within } from '../support/within.ts'
import { CELLS, openCell } from './open-cell.ts'

const KIB_64 = 65_536
function* flood() {
  for (;;) yield step.raw(`data: ${'x'.repeat(KIB_64 - 8)}\n\n`)
}
/** One event and the half of another. */
const ONE_AND_A_HALF = step.raw('data: 1\n\ndata: ha')

describe.each(CELLS)('$mode, upstream over $upstream, $host', (cell) => {
  watchRejections()
  const isSse = cell.mode !== 'not SSE'
  /** What the client has got when one event and a half have been sent. */
  const arrived = cell.mode === 'transformed' ? 'data: 1!\n\n' : 'data: 1\n\n'

  it('client disconnects before the headers (L1)', async () => {
    const { upstream, client, leave, ended } = await openCell(cell, [step.never()])
    client.catch(() => {})
    const request = await upstream.request()
    leave()
    await requestClosed(request)
    expect(request).toMatchObject({ aborted: true, isAnswered: false })
    expect(await ended()).toMatchObject({ verdict: 'client_gone', status: 499 })
  })

  it('client disconnects within an event (L2)', async () => {
    const { upstream, client, leave, ended } = await openCell(cell, [ONE_AND_A_HALF, step.hang()])
    await (await client).received(arrived.length)
    leave()
    await requestClosed(upstream.requests[0])
    expect(upstream.requests[0]?.aborted).toBe(true)
    expect(await ended()).toMatchObject({ verdict: 'client_gone', status: 200 })
  })

  it('client disconnects without reading (L3)', async () => {
    const { upstream, client, leave, ended } = await openCell(cell, flood(), { paused: true })
    await client
    const request = await upstream.request()
    await vi.waitFor(() => expect(request.pauses).toBeGreaterThan(0), { interval: 5 })
    leave()
    await requestClosed(request)
    expect(request.aborted).toBe(true)
    expect(await ended()).toMatchObject({ verdict: 'client_gone' })
  })

  it('upstream resets within an event (L4)', async () => {
    const seen = gate()
    const { client, ended } = await openCell(cell, [
      ONE_AND_A_HALF,
      step.until(seen.opened),
      step.reset(),
    ])
    const slow = await client
    await slow.received(arrived.length)
    seen.open()
    expect(await within('end of the response', slow.verdict)).toBe('error')
    if (isSse) expect(slow.text).toBe(arrived)
    expect(await ended()).toMatchObject({ verdict: 'upstream_error', code: 'SSE_UPSTREAM_NETWORK' })
  })

  it('upstream ends cleanly inside an event (L6)', async () => {
    const { client, ended } = await openCell(cell, [ONE_AND_A_HALF])
    const slow = await client
    const verdict = await within('end of the response', slow.verdict)
    expect(verdict).toBe(isSse ? 'error' : 'complete')
    expect(slow.text).toContain(isSse ? `${arrived}data: {"error":` : 'data: 1\n\ndata: ha')
    expect(await ended()).toMatchObject({ verdict: isSse ? 'truncated' : 'complete' })
  })

  it('upstream never sends headers (L7)', async () => {
    const { upstream, client, ended } = await openCell(cell, [step.never()], {
      // Long enough for a busy machine to bring the request, over TLS too, to the upstream.
      timeouts: { headersMs: 250 },
    })
    const slow = await client
    expect((await slow.head).status).toBe(504)
    expect(await within('end of the response', slow.verdict)).toBe('complete')
    await requestClosed(upstream.requests[0])
    expect(await ended()).toMatchObject({ verdict: 'timeout', phase: 'headers' })
  })

  it('upstream stalls after its headers (L8)', async () => {
    const { upstream, client, ended } = await openCell(cell, [ONE_AND_A_HALF, step.hang()], {
      timeouts: { idleMs: 40 },
      heartbeat: { intervalMs: 10 },
    })
    const slow = await client
    expect(await within('end of the response', slow.verdict)).toBe('error')
    if (isSse) expect(slow.text.replaceAll(': keepalive\n\n', '')).toBe(arrived)
    else expect(slow.text).toBe('data: 1\n\ndata: ha')
    await requestClosed(upstream.requests[0])
    expect(upstream.requests[0]?.aborted).toBe(true)
    expect(await ended()).toMatchObject({ verdict: 'timeout', phase: 'idle' })
  })

  it('error after the headers, as an error event (L9)', async () => {
    const seen = gate()
    const { client, ended } = await openCell(
      cell,
      [ONE_AND_A_HALF, step.until(seen.opened), step.cut()],
      { upstreamErrors: 'event-then-break' },
    )
    const slow = await client
    await slow.received(arrived.length)
    seen.open()
    expect(await within('end of the response', slow.verdict)).toBe('error')
    if (isSse) {
      expect(slow.text).toMatch(/^data: 1!?\n\ndata: \{"error":\{[^\n]*\}\}\n\n$/)
    } else expect(slow.text).not.toContain('error')
    expect(await ended()).toMatchObject({ verdict: 'upstream_error' })
  })

  it('both ends at once (L15)', async () => {
    const over = gate()
    const { upstream, client, leave, ended } = await openCell(cell, [
      step.send({ data: '1' }),
      step.until(over.opened),
    ])
    await (await client).received(arrived.length)
    over.open()
    leave()
    await requestClosed(upstream.requests[0])
    // That there is one summary only is seen when the cell is closed.
    expect(['client_gone', 'complete', 'upstream_error']).toContain((await ended()).verdict)
  })
})
