import type { EventEmitter } from 'node:events'

/** A place for text: a terminal, a pipe or a file. */
export interface TextOutput {
  write(text: string): unknown
  readonly isTTY?: boolean | undefined
  readonly columns?: number | undefined
  readonly rows?: number | undefined
}

/** What the commands need of the process that they run in. */
export interface HostProcess extends Pick<EventEmitter, 'on' | 'off'> {
  readonly stdout: TextOutput & Pick<EventEmitter, 'on'>
  readonly stderr: TextOutput
  readonly env: Readonly<Record<string, string | undefined>>
  exit(code: number): void
}
