import { readdirSync, readFileSync } from 'node:fs'
import type { Usage } from '../proxies/running-proxy.ts'

/** Length of a clock tick of `/proc`, which is 10 ms on Linux as users see it. */
const TICK_MICROSECONDS = 10_000

/** A process and its descendants. Linux only. */
export function processTree(pid: number): number[] {
  const children = threadsOf(pid).flatMap((task) =>
    contentOf(`/proc/${pid}/task/${task}/children`).split(' ').filter(Boolean),
  )
  return [pid, ...children.flatMap((child) => processTree(Number(child)))]
}

/** What a process and its descendants have used; pages that they share count for each. Linux only. */
export function usageOfTree(pid: number): Usage {
  const pids = processTree(pid)
  const sum = (of: (pid: number) => number): number => pids.reduce((all, one) => all + of(one), 0)
  return { cpuMicroseconds: sum(cpuMicroseconds), rssBytes: sum(rssBytes) }
}

/** From the scheduler, in nanoseconds; `stat` counts ticks, but is there without the scheduler's statistics. */
function cpuMicroseconds(pid: number): number {
  const nanoseconds = threadsOf(pid)
    .map((task) => contentOf(`/proc/${pid}/task/${task}/schedstat`).split(' ')[0])
    .reduce((sum, time) => sum + Number(time), 0)
  if (nanoseconds > 0) return nanoseconds / 1000
  // After the name, which may hold spaces: state, ppid, and so on; user and system time are the 14th and 15th field.
  const fields = contentOf(`/proc/${pid}/stat`).split(') ').at(-1)?.split(' ') ?? []
  return (Number(fields[11]) + Number(fields[12])) * TICK_MICROSECONDS
}

function rssBytes(pid: number): number {
  const kilobytes = /^VmRSS:\s+(\d+)/m.exec(contentOf(`/proc/${pid}/status`))?.[1]
  return Number(kilobytes ?? 0) * 1024
}

function threadsOf(pid: number): string[] {
  return readdirSync(`/proc/${pid}/task`)
}

/** Empty for a thread that has just ended. */
function contentOf(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
