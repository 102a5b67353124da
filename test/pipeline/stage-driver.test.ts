import { describe, expect, it, vi } from 'vitest'
import type { ItemReader } from '../../src/base/byte-source.ts'
import { PlainQueue } from '../../src/pipeline/plain-queue.ts'
import type { StreamState } from '../../src/pipeline/readable-queue.ts'
import type { Stage, StageOutput } from '../../src/pipeline/stage.ts'
import { StageDriver } from '../../src/pipeline/stage-driver.ts'
import { StreamQueue } from '../../src/pipeline/stream-queue.ts'
import { settled } from '../support/settled.ts'
import { watchRejections } from '../support/watch-rejections.ts'
import { watchTimers } from '../support/watch-timers.ts'

watchRejections()
watchTimers()

const FLUSH_MS = 1000

type Queue = StreamQueue<string> | PlainQueue<string>
type NewQueue = () => Queue

const QUEUES: [string, NewQueue][] = [
  ['a stream', () => new StreamQueue(2)],
  ['a reader of this package', () => new PlainQueue()],
]

function readerOf(queue: Queue): ItemReader<string> & { closed: Promise<unknown> } {
  return queue instanceof StreamQueue ? queue.readable.getReader() : queue
}

/** A driver with high watermark 2, low watermark 1 and one letter queued, and a log of what it calls. */
function newDriver(newQueue: NewQueue, duringFail = () => {}) {
  const log: string[] = []
  const endings: string[] = []
  let output!: StageOutput<string>
  const stage: Stage<string, string> = {
    start: (given) => {
      output = given
      output.emit('a')
    },
    push: (item) => {
      log.push(`push ${item}`)
      output.emit(item)
    },
    end: () => void log.push('end'),
    fail: (reason) => {
      log.push(`fail ${reason}`)
      duringFail()
    },
    dispose: (outcome) => {
      endings.push(outcome)
      log.push(`dispose ${outcome}`)
    },
  }
  const intake = {
    open: (wasFull: boolean) => void log.push(wasFull ? 'open again' : 'open'),
    full: () => void log.push('full'),
    cancel: (reason: unknown) => void log.push(`cancel ${reason}`),
  }
  const queue = newQueue()
  const driver = new StageDriver<string>([stage], intake, queue, {
    watermarks: { high: 2, low: 1, size: ({ length }) => length },
    flushMsFor: () => FLUSH_MS,
  })
  const reader = readerOf(queue)
  reader.closed.catch(() => {})
  return { driver, reader, log, endings, output }
}

type Subject = ReturnType<typeof newDriver>

/** What can happen to a stream, by the names of the columns below. */
const EVENTS = {
  read: ({ reader }: Subject) => void reader.read().catch(() => {}),
  emit: ({ output }: Subject) => output.emit('b'),
  push: ({ driver }: Subject) => driver.push('b'),
  end: ({ driver }: Subject) => driver.end(),
  fail: ({ driver }: Subject) => driver.fail('cut'),
  error: ({ output }: Subject) => output.error('stalled'),
  deadline: () => void vi.advanceTimersByTime(FLUSH_MS),
  cancel: ({ reader }: Subject) => void reader.cancel('left').catch(() => {}),
}
type Event = keyof typeof EVENTS

/** How to bring a new driver into a state; `failing` is one only inside a call. */
const BRING: Record<Exclude<StreamState, 'failing'>, (subject: Subject) => void | Promise<void>> = {
  idle: () => {},
  open: settled,
  full: async (subject) => {
    await settled()
    subject.driver.push('b')
    await settled()
  },
  closing: async (subject) => {
    await settled()
    subject.driver.end()
    await settled()
  },
  flushing: async (subject) => {
    await settled()
    subject.driver.fail('cut')
    await settled()
  },
  flushed: async (subject) => {
    await BRING.flushing(subject)
    EVENTS.read(subject)
  },
  ended: async (subject) => {
    await settled()
    EVENTS.cancel(subject)
  },
}

/** The state after an event, and what the driver calls meanwhile, in its order. */
type Outcome = [state: StreamState, ...calls: string[]]

const CANCELLED: Outcome = ['ended', 'cancel left', 'dispose cancelled']
const SOURCE_DONE: Outcome = ['closing', 'end']
const SOURCE_FAILED: Outcome = ['flushing', 'fail cut', 'dispose failed']
const STAGE_FAILED: Outcome = ['flushing', 'fail stalled', 'dispose failed', 'cancel stalled']

const TABLE: Record<StreamState, Record<Event, Outcome>> = {
  idle: {
    read: ['open', 'open'],
    emit: ['idle'],
    push: ['idle', 'push b'],
    end: SOURCE_DONE,
    fail: SOURCE_FAILED,
    error: STAGE_FAILED,
    deadline: ['idle'],
    cancel: CANCELLED,
  },
  open: {
    read: ['open'],
    emit: ['full', 'full'],
    push: ['full', 'push b', 'full'],
    end: SOURCE_DONE,
    fail: SOURCE_FAILED,
    error: STAGE_FAILED,
    deadline: ['open'],
    cancel: CANCELLED,
  },
  full: {
    read: ['open', 'open again'],
    emit: ['full'],
    push: ['full', 'push b'],
    end: SOURCE_DONE,
    fail: SOURCE_FAILED,
    error: STAGE_FAILED,
    deadline: ['full'],
    cancel: CANCELLED,
  },
  closing: {
    read: ['ended', 'dispose done'],
    emit: ['closing'],
    push: ['closing'],
    end: ['closing'],
    fail: ['closing'],
    error: ['flushing', 'dispose failed'],
    deadline: ['closing'],
    cancel: ['ended', 'dispose cancelled'],
  },
  failing: {
    read: ['failing'],
    emit: ['failing'],
    push: ['failing'],
    end: ['failing'],
    fail: ['failing'],
    error: ['failing'],
    deadline: ['failing'],
    cancel: ['ended', 'dispose cancelled'],
  },
  flushing: {
    read: ['flushed'],
    emit: ['flushing'],
    push: ['flushing'],
    end: ['flushing'],
    fail: ['flushing'],
    error: ['flushing'],
    deadline: ['ended'],
    cancel: ['ended'],
  },
  flushed: {
    read: ['flushed'],
    emit: ['flushed'],
    push: ['flushed'],
    end: ['flushed'],
    fail: ['flushed'],
    error: ['flushed'],
    deadline: ['ended'],
    cancel: ['ended'],
  },
  ended: {
    read: ['ended'],
    emit: ['ended'],
    push: ['ended'],
    end: ['ended'],
    fail: ['ended'],
    error: ['ended'],
    deadline: ['ended'],
    cancel: ['ended'],
  },
}

const ROWS = Object.entries(TABLE).flatMap(([state, events]) =>
  Object.entries(events).map(([event, outcome]) => ({ state, event, outcome })),
) as { state: StreamState; event: Event; outcome: Outcome }[]

/** Lets everything happen that needs no macrotask: a demand opens the output. */
async function microtasks(): Promise<void> {
  for (let turn = 0; turn < 10; turn++) await Promise.resolve()
}

/** Leaves neither a timer nor a stream behind. */
async function finish({ driver, reader, endings }: Subject): Promise<void> {
  await reader.cancel('finished').catch(() => {})
  await settled()
  expect(driver.state).toBe('ended')
  expect(endings).toHaveLength(1)
}

describe.each(QUEUES)('the states of a driver with the queue of %s', (_, newQueue) => {
  it.each(ROWS.filter(({ state }) => state !== 'failing'))(
    '$state, $event',
    async ({ state, event, outcome }) => {
      const subject = newDriver(newQueue)
      const ready = BRING[state as keyof typeof BRING](subject)
      // Not awaited for `idle`, which a microtask ends.
      if (ready !== undefined) await ready
      expect(subject.driver.state).toBe(state)
      subject.log.length = 0
      EVENTS[event](subject)
      // Everything but the first demand has its effect inside the call.
      if (state === 'idle' && event === 'read') await microtasks()
      expect([subject.driver.state, ...subject.log]).toEqual(outcome)
      await finish(subject)
    },
  )

  it.each(ROWS.filter(({ state }) => state === 'failing'))(
    'failing, $event',
    async ({ event, outcome }) => {
      let after: unknown[] = []
      const subject: Subject = newDriver(newQueue, () => {
        expect(subject.driver.state).toBe('failing')
        subject.log.length = 0
        EVENTS[event](subject)
        after = [subject.driver.state, ...subject.log]
      })
      await settled()
      subject.driver.fail('cut')
      expect(after).toEqual(outcome)
      await finish(subject)
    },
  )

  it('flushed: a macrotask later it is ended, with the error', async () => {
    const subject = newDriver(newQueue)
    await BRING.flushed(subject)
    await settled()
    expect(subject.driver.state).toBe('ended')
    await expect(subject.reader.closed).rejects.toBe('cut')
  })

  it('with nothing queued: a source that is done ends it, one that failed leaves it flushed', async () => {
    const done = newDriver(newQueue)
    EVENTS.read(done)
    await settled()
    done.driver.end()
    expect(done.driver.state).toBe('ended')
    await done.reader.closed

    const failed = newDriver(newQueue)
    EVENTS.read(failed)
    await settled()
    failed.driver.fail('cut')
    expect(failed.driver.state).toBe('flushed')
    await expect(failed.reader.closed).rejects.toBe('cut')
  })

  it('with a sink: a source that failed ends it at once', async () => {
    const { driver, reader } = newDriver(newQueue)
    await reader.read()
    driver.flow(() => {})
    driver.fail('cut')
    expect(driver.state).toBe('ended')
    await expect(reader.closed).rejects.toBe('cut')
  })

  it('emits in failing what goes out before the error, and nothing after it', async () => {
    const subject: Subject = newDriver(newQueue, () => subject.output.emit('last'))
    await settled()
    subject.driver.fail('cut')
    subject.output.emit('too late')
    expect((await subject.reader.read()).value).toBe('a')
    expect((await subject.reader.read()).value).toBe('last')
    await expect(subject.reader.read()).rejects.toBe('cut')
  })
})
