import { sseProxy } from 'sse-stream-kit'
import { Budget, FrameSplitter, relay } from 'sse-stream-kit/streams'
import { describe, expect, it, vi } from 'vitest'
import { BudgetLedger, type BudgetMember } from '../../src/pipeline/budget-ledger.ts'
import { refusal } from '../support/refusal.ts'
import { settled } from '../support/settled.ts'
import { bytes } from '../support/sse/bytes.ts'
import { HandFed } from '../support/streams/hand-fed.ts'
import { watchRejections } from '../support/watch-rejections.ts'

watchRejections()

const member = (heldBytes: number): BudgetMember & { heldBytes: number } => ({ heldBytes })
const TEN = new Uint8Array(10)

/** An endless source of chunks of ten bytes, and how many were taken of it. */
function endless() {
  const source = {
    taken: 0,
    cancelled: false,
    readable: new ReadableStream<Uint8Array>(
      {
        pull: (controller) => {
          source.taken += 10
          controller.enqueue(TEN.slice())
        },
        cancel: () => {
          source.cancelled = true
        },
      },
      { highWaterMark: 0 },
    ),
  }
  return source
}

describe('the ledger of a budget', () => {
  it('knows what all its streams hold', () => {
    const ledger = new BudgetLedger(100)
    const [a, b] = [member(30), member(20)]
    ledger.join(a)
    ledger.join(b)
    expect(ledger).toMatchObject({ heldBytes: 50, streams: 2 })
    b.heldBytes = 5
    expect(ledger.heldBytes).toBe(35)
    ledger.leave(a)
    ledger.leave(a)
    expect(ledger).toMatchObject({ heldBytes: 5, streams: 1 })
  })

  it('refuses no stream while all fit in it', () => {
    const ledger = new BudgetLedger(100)
    const [a, b] = [member(90), member(10)]
    ledger.join(a)
    ledger.join(b)
    expect(ledger.mayGoOn(a)).toBe(true)
    expect(ledger.mayGoOn(b)).toBe(true)
  })

  it('pauses the fullest first: those that hold more than their share', () => {
    const ledger = new BudgetLedger(100)
    const members = [member(80), member(30), member(10), member(0)]
    for (const one of members) ledger.join(one)
    expect(members.map((one) => ledger.mayGoOn(one))).toEqual([false, false, true, true])
  })

  it('never pauses a stream that holds nothing', () => {
    const ledger = new BudgetLedger(1)
    const [a, b] = [member(0), member(50)]
    ledger.join(a)
    ledger.join(b)
    expect(ledger.mayGoOn(b)).toBe(false)
    expect(ledger.mayGoOn(a)).toBe(true)
  })

  it('sees that streams have drained since they were counted', () => {
    const ledger = new BudgetLedger(100)
    const a = member(90)
    ledger.join(a)
    expect(ledger.mayGoOn(a)).toBe(true)
    a.heldBytes = 20
    expect(ledger.mayGoOn(a)).toBe(true)
    a.heldBytes = 101
    expect(ledger.mayGoOn(a)).toBe(false)
  })

  it('sees before long that others have drained', () => {
    const ledger = new BudgetLedger(100)
    const [a, b] = [member(60), member(50)]
    ledger.join(a)
    ledger.join(b)
    b.heldBytes = 0
    expect([ledger.mayGoOn(a), ledger.mayGoOn(a)]).toContain(true)
  })

  it('does not take in again a stream that has left', () => {
    const ledger = new BudgetLedger(100)
    const a = member(90)
    ledger.join(a)
    ledger.leave(a)
    ledger.mayGoOn(a)
    expect(ledger).toMatchObject({ heldBytes: 0, streams: 0 })
  })

  it('looks at all its streams no more often than it has streams', () => {
    const ledger = new BudgetLedger(1)
    let looks = 0
    for (let index = 0; index < 1_000; index++) {
      ledger.join({
        get heldBytes() {
          looks++
          return 100
        },
      })
    }
    const a = member(1_000)
    ledger.join(a)
    looks = 0
    for (let index = 0; index < 5_000; index++) expect(ledger.mayGoOn(a)).toBe(false)
    expect(looks).toBeLessThanOrEqual(5_000)
  })

  it('of Infinity pauses no stream', () => {
    const ledger = new BudgetLedger(Infinity)
    const a = member(Number.MAX_SAFE_INTEGER)
    ledger.join(a)
    expect(ledger.mayGoOn(a)).toBe(true)
  })
})

describe('a budget', () => {
  it.each([0, -1, 1.5, Number.NaN])('refuses %d bytes', (maxBytes) => {
    expect(() => new Budget({ maxBytes })).toThrow(refusal(RangeError, 'maxBytes'))
  })

  it('shows its figures, and no way to change them', () => {
    const budget = new Budget({ maxBytes: 100 })
    expect(Object.keys(budget)).toEqual(['maxBytes'])
    expect(Object.getOwnPropertyNames(Budget.prototype)).toEqual([
      'constructor',
      'heldBytes',
      'streams',
    ])
  })

  it('of another copy of the package is one too', async () => {
    vi.resetModules()
    const other = await import('../../src/pipeline/budget.ts')
    expect(other.Budget).not.toBe(Budget)
    const budget = new other.Budget({ maxBytes: 100 })
    const body = relay(new HandFed(TEN).readable, [], { budget: budget as unknown as Budget })
    await settled()
    expect(budget).toMatchObject({ heldBytes: 10, streams: 1 })
    sseProxy('http://127.0.0.1:9', { budget: budget as unknown as Budget })
    await body.cancel()
    expect(budget).toMatchObject({ heldBytes: 0, streams: 0 })
  })

  it.each([
    ['an object of the same shape', { maxBytes: 1, heldBytes: 0, streams: 0 }, 'got an object'],
    ['a number', 1_000, 'got 1000'],
    ['null', null, 'got null'],
  ])('cannot be %s', (_, value, got) => {
    const budget = value as unknown as Budget
    const { readable } = new HandFed()
    const message = `budget must be a Budget: ${got}. Use new Budget({ maxBytes })`
    expect(() => relay(readable, [], { budget })).toThrow(message)
    expect(readable.locked).toBe(false)
    expect(() => sseProxy('http://127.0.0.1:9', { budget })).toThrow(message)
  })
})

describe('relays that share a budget', () => {
  it('hold no more together than it allows, and a chunk each', async () => {
    const budget = new Budget({ maxBytes: 1_000 })
    const sources = Array.from({ length: 10 }, endless)
    const bodies = sources.map(({ readable }) => relay(readable, [], { budget }))
    await settled()
    expect(budget.heldBytes).toBeGreaterThanOrEqual(1_000)
    expect(budget.heldBytes).toBeLessThanOrEqual(1_000 + 10 * 10)
    for (const { taken } of sources) expect(taken).toBeGreaterThan(0)
    await Promise.all(bodies.map((body) => body.cancel()))
    expect(budget).toMatchObject({ heldBytes: 0, streams: 0 })
    expect(sources.every(({ cancelled }) => cancelled)).toBe(true)
  })

  it('read on when they have drained to half of what they held', async () => {
    const budget = new Budget({ maxBytes: 100 })
    const source = endless()
    const reader = relay(source.readable, [], { budget }).getReader()
    await settled()
    expect(source.taken).toBe(110)
    const reads: number[] = []
    for (let read = 0; read < 7; read++) {
      await reader.read()
      await settled()
      reads.push(source.taken)
    }
    // 110 held; 100, 90, 80, 70, 60; at 50, which is not more than half of it, up to 110 again.
    expect(reads).toEqual([110, 110, 110, 110, 110, 170, 170])
    await reader.cancel()
  })

  it('leave room for a quick reader while a slow one fills it', async () => {
    const budget = new Budget({ maxBytes: 1_000 })
    const slow = endless()
    const slowBody = relay(slow.readable, [], { budget })
    await settled()
    const heldBySlow = slow.taken
    const source = new HandFed()
    const quick = relay(source.readable, [], { budget }).getReader()
    for (let item = 0; item < 50; item++) {
      source.give(TEN)
      expect((await quick.read()).done).toBe(false)
    }
    expect(slow.taken).toBe(heldBySlow)
    await Promise.all([quick.cancel(), slowBody.cancel()])
    expect(budget).toMatchObject({ heldBytes: 0, streams: 0 })
  })

  it('count unfinished events too, and still read one to its end', async () => {
    const budget = new Budget({ maxBytes: 10 })
    const source = new HandFed(bytes('data: 0123456789'), bytes('0123456789'))
    const reader = relay(source.readable, [FrameSplitter.stage()], { budget }).getReader()
    await settled()
    expect(budget.heldBytes).toBe(26)
    source.give(bytes('\n\n'))
    expect((await reader.read()).value).toHaveLength(28)
    source.close()
    expect((await reader.read()).done).toBe(true)
    expect(budget).toMatchObject({ heldBytes: 0, streams: 0 })
  })

  it.each(['close', 'fail', 'cancel'] as const)('leave it when they end by %s', async (how) => {
    const budget = new Budget({ maxBytes: 1_000 })
    const source = new HandFed(TEN)
    const reader = relay(source.readable, [], { budget }).getReader()
    await settled()
    expect(budget).toMatchObject({ heldBytes: 10, streams: 1 })
    if (how === 'cancel') await reader.cancel()
    else if (how === 'close') source.close()
    else source.fail(new Error('broken'))
    await settled()
    if (how !== 'cancel') {
      expect(budget, 'what is whole is still held').toMatchObject({ heldBytes: 10, streams: 1 })
      await reader.read()
      await reader.read().catch(() => {})
    }
    expect(budget).toMatchObject({ heldBytes: 0, streams: 0 })
  })

  it('deliver every byte in order under the tightest of budgets', async () => {
    const budget = new Budget({ maxBytes: 1 })
    const texts = await Promise.all(
      Array.from({ length: 20 }, async (_, stream) => {
        const source = new HandFed(
          ...Array.from({ length: 100 }, (_, item) => bytes(`${stream}:${item},`)),
        )
        source.close()
        const body = relay(source.readable, [], { budget, watermark: { highBytes: 50 } })
        return new Response(body).text()
      }),
    )
    for (const [stream, text] of texts.entries()) {
      expect(text).toBe(Array.from({ length: 100 }, (_, item) => `${stream}:${item},`).join(''))
    }
    expect(budget).toMatchObject({ heldBytes: 0, streams: 0 })
  })
})
