import { readFileSync } from 'node:fs'

/** What a shell usually grants, where the limit cannot be read. */
const USUAL = 1024

/** How many files a process started from here may have open; Node raises it to the hard limit when it starts. */
export function fileLimit(): number {
  try {
    const limits = readFileSync('/proc/self/limits', 'utf8')
    const limit = /^Max open files\s+(\S+)/m.exec(limits)?.[1]
    return limit === 'unlimited' ? Infinity : Number(limit ?? USUAL)
  } catch {
    return USUAL
  }
}
