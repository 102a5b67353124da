import { spawnSync } from 'node:child_process'
import { cpus } from 'node:os'

/** Puts processes where they do not disturb each other: the proxies share the last core, all else has the others. */
export class Cores {
  /** Whether every process so far could be pinned. */
  isPinned: boolean = cpus().length > 1

  /** Pins processes of the proxies. */
  pinProxies(pids: readonly number[]): void {
    const last = cpus().length - 1
    for (const pid of pids) this.#pin(pid, `${last}`)
  }

  /** Pins processes of the upstream and the clients. */
  pinGenerators(pids: readonly number[]): void {
    for (const pid of pids) this.#pin(pid, `0-${cpus().length - 2}`)
  }

  #pin(pid: number, list: string): void {
    if (!this.isPinned) return
    const args = ['--all-tasks', '--pid', '--cpu-list', list, String(pid)]
    this.isPinned = spawnSync('taskset', args).status === 0
  }
}
