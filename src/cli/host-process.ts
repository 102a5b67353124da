import type { EventEmitter } from 'node:events'

/** Output for text: a terminal, a pipe or a file. */
export interface TextOutput {
  write(text: string): unknown
  readonly isTTY?: boolean | undefined
  readonly columns?: number | undefined
  readonly rows?: number | undefined
}

/** The parts of `process` that the commands use. */
export interface HostProcess extends Pick<EventEmitter, 'on' | 'off'> {
  readonly stdout: TextOutput & Pick<EventEmitter, 'on'>
  readonly stderr: TextOutput
  readonly env: Readonly<Record<string, string | undefined>>
  exit(code: number): void
}
