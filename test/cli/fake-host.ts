import { EventEmitter } from 'node:events'
import type { HostProcess, TextOutput } from '../../src/cli/host-process.ts'

/** A process that keeps what is printed, and how it was told to exit. */
export interface FakeHost extends HostProcess {
  readonly printed: { stdout: string; stderr: string }
  readonly exits: number[]
  emit(signal: string): boolean
}

/** Makes a process for commands to run in. */
export function fakeHost(terminal: Partial<TextOutput> = {}): FakeHost {
  const printed = { stdout: '', stderr: '' }
  const exits: number[] = []
  const signals = new EventEmitter()
  const output = (name: 'stdout' | 'stderr'): TextOutput & Pick<EventEmitter, 'on'> =>
    Object.assign(new EventEmitter(), terminal, {
      write: (text: string): void => {
        printed[name] += text
      },
    })
  return {
    printed,
    exits,
    stdout: output('stdout'),
    stderr: output('stderr'),
    env: {},
    on: signals.on.bind(signals),
    off: signals.off.bind(signals),
    emit: (signal) => signals.emit(signal, signal),
    exit: (code) => void exits.push(code),
  }
}
