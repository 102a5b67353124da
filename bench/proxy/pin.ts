import { spawnSync } from 'node:child_process'

/** Pins a process to one core, if a tool for it exists. */
export function pin(pid: number, core: number): boolean {
  const args = ['--all-tasks', '--pid', '--cpu-list', String(core), String(pid)]
  return spawnSync('taskset', args).status === 0
}
