// What a process and all that it has started have used, as Linux counts it.

import { readdirSync, readFileSync } from 'node:fs'

/** USER_HZ, which is the same wherever Node runs on Linux. */
const TICKS_PER_SECOND = 100

/** Processor time in seconds, with that of children which have ended. */
export function processorSeconds(pid: number): number {
  const ticks = tree(pid).map((one) => statOf(one))
    .reduce((sum, fields) => sum + fields.slice(11, 15).reduce((a, b) => a + Number(b), 0), 0)
  return ticks / TICKS_PER_SECOND
}

/** Of one process: the most memory that it has ever had. Of several: what they have now, counting shared pages once. */
export function memoryBytes(pid: number): number {
  const pids = tree(pid)
  if (pids.length === 1) return kibibytes(`/proc/${pid}/status`, 'VmHWM') * 1024
  return pids.reduce((sum, one) => sum + kibibytes(`/proc/${one}/smaps_rollup`, 'Pss'), 0) * 1024
}

/** What a process may have open: sockets count, too. */
export function openFilesLimit(): number {
  const [, hard] = /^Max open files +\S+ +(\S+)/m.exec(readFileSync('/proc/self/limits', 'latin1')) ?? []
  return hard === 'unlimited' ? Infinity : Number(hard)
}

function tree(root: number): number[] {
  const parents = readdirSync('/proc').filter((name) => /^[0-9]+$/.test(name))
    .map((name) => [Number(name), Number(statOf(Number(name))[1])] as const)
  const found = [root]
  for (const pid of found) found.push(...parents.filter(([, parent]) => parent === pid).map(([child]) => child)) // grows as it is walked
  return found
}

/** Of /proc/PID/stat, what stands behind the name, which may hold anything: state, parent, ... */
function statOf(pid: number): string[] {
  const text = read(`/proc/${pid}/stat`)
  return text.slice(text.lastIndexOf(')') + 2).split(' ')
}

function kibibytes(file: string, field: string): number {
  return Number(new RegExp(`^${field}:\\s+([0-9]+)`, 'm').exec(read(file))?.[1] ?? 0)
}

/** The file's text; empty if the process has ended. */
function read(file: string): string {
  try {
    return readFileSync(file, 'latin1')
  } catch {
    return ''
  }
}
