import {
  type ObservedOutput,
  type RelayOptions,
  relay,
  type Stage,
  type StageObserver,
  type StageOutput,
} from 'sse-stream-kit/streams'
import { describe, expect, it } from 'vitest'
import { settled } from '../support/settled.ts'
import { HandFed } from '../support/streams/hand-fed.ts'
import { watchRejections } from '../support/watch-rejections.ts'

watchRejections()

class LoggedStage implements Stage<string, string> {
  readonly #calls: string[]
  #output!: StageOutput<string>

  constructor(calls: string[]) {
    this.#calls = calls
  }

  start(output: StageOutput<string>): void {
    this.#output = output
    this.#calls.push('stage starts')
  }

  push(item: string): void {
    this.#output.emit(item)
  }

  end(): void {
    this.#calls.push('stage ends')
    this.#output.emit('!')
  }

  pause(): void {
    this.#calls.push('stage pauses')
  }

  resume(): void {
    this.#calls.push('stage resumes')
  }

  dispose(outcome: string): void {
    this.#calls.push(`stage ${outcome}`)
  }
}

class LoggedObserver implements StageObserver {
  output!: ObservedOutput
  readonly #calls: string[]

  constructor(calls: string[]) {
    this.#calls = calls
  }

  start(output: ObservedOutput): void {
    this.output = output
    this.#calls.push('observer starts')
  }

  pause(): void {
    this.#calls.push(`observer pauses at ${this.output.queued}`)
  }

  resume(): void {
    this.#calls.push(`observer resumes at ${this.output.queued}`)
  }

  end(): void {
    this.#calls.push('observer ends')
  }

  dispose(outcome: string, reason: unknown): void {
    this.#calls.push(`observer ${outcome} ${reason}`)
  }
}

function observed(options: RelayOptions = {}) {
  const calls: string[] = []
  const source = new HandFed<string>()
  const observer = new LoggedObserver(calls)
  const observers = [observer]
  const stages = [new LoggedStage(calls)]
  const reader = relay(source.readable, stages, { ...options, observers }).getReader()
  return { calls, source, observer, reader }
}

describe('an observer of a relay', () => {
  it('follows a stream from its start over a full output to its end', async () => {
    const { calls, source, reader } = observed({ watermark: { highBytes: 2, lowBytes: 1 } })
    await settled()
    source.give('ab')
    await settled()
    expect((await reader.read()).value).toBe('ab')
    await settled()
    source.close()
    expect((await reader.read()).value).toBe('!')
    expect((await reader.read()).done).toBe(true)
    expect(calls).toEqual([
      'stage starts',
      'observer starts',
      'stage pauses',
      'observer pauses at 2',
      'stage resumes',
      'observer resumes at 0',
      'observer ends',
      'stage ends',
      'stage done',
      'observer done undefined',
    ])
  })

  it('learns of a cancel and of an error of the source, once', async () => {
    const cancelled = observed()
    await cancelled.reader.cancel('left')
    expect(cancelled.calls.slice(2)).toEqual(['stage cancelled', 'observer cancelled left'])

    const failed = observed()
    await settled()
    failed.source.fail('cut')
    await expect(failed.reader.read()).rejects.toBe('cut')
    await failed.reader.cancel().catch(() => {})
    expect(failed.calls.slice(2)).toEqual(['stage failed', 'observer failed cut'])
  })

  it('ends the stream with an error, after what was emitted', async () => {
    const { source, observer, reader } = observed()
    source.give('a')
    await settled()
    observer.output.error('stalled')
    expect((await reader.read()).value).toBe('a')
    await expect(reader.read()).rejects.toBe('stalled')
    expect(source.cancels).toEqual(['stalled'])
  })

  it('that fails to start leaves the source to others, and no stage behind', () => {
    const calls: string[] = []
    const { readable } = new HandFed<string>()
    const broken: StageObserver = {
      start: () => {
        throw new Error('no clock')
      },
      dispose: (outcome) => void calls.push(`observer ${outcome}`),
    }
    const options = { observers: [broken] }
    expect(() => relay(readable, [new LoggedStage(calls)], options)).toThrow('no clock')
    expect(calls).toEqual(['stage starts', 'stage failed', 'observer failed'])
    expect(readable.locked).toBe(false)
  })

  it.each([
    ['a function', () => {}, 'observers must be an array: got '],
    ['an array of what is no observer', [{}], 'observers[0] must be an object with a start method'],
  ])('cannot be %s', (_, observers, message) => {
    const { readable } = new HandFed<string>()
    const options = { observers: observers as unknown as StageObserver[] }
    expect(() => relay(readable, [], options)).toThrow(message)
    expect(readable.locked).toBe(false)
  })
})
