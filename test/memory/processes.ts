// Processes and their memory, as Linux tells: /proc.

import { readdirSync, readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'

/** What each of some processes holds. */
export class Memory {
  readonly #bytes: ReadonlyMap<Process, number>

  constructor(processes: readonly Process[]) {
    this.#bytes = new Map(processes.map((process) => [process, memoryOf(process.pid)]))
  }

  get total(): number {
    return [...this.#bytes.values()].reduce((sum, bytes) => sum + bytes, 0)
  }

  /** `later` is of the same processes. */
  growthTo(later: Memory): Growth {
    const of = [...this.#bytes].map(([process, before]) => ({ role: process.role, bytes: later.#bytes.get(process)! - before }))
    return new Growth(later.total - this.total, of)
  }
}

export class Growth {
  /** All of them together or, if that is more, one of them: nothing that shrinks hides what grows. */
  readonly bytes: number
  readonly #total: number
  readonly #most: { readonly role: string; readonly bytes: number }

  constructor(total: number, of: readonly { readonly role: string; readonly bytes: number }[]) {
    this.#total = total
    this.#most = of.reduce((most, each) => (each.bytes > most.bytes ? each : most))
    this.bytes = Math.max(total, this.#most.bytes)
  }

  toString(): string {
    const show = (bytes: number) => `${bytes < 0 ? '' : '+'}${(bytes / 2 ** 20).toFixed(1)} MiB`
    const of = this.#most.bytes === this.#total ? '' : ` (${this.#most.role} ${show(this.#most.bytes)})`
    return `${show(this.#total)}${of}`
  }
}

export interface Process {
  readonly pid: number
  /** For people. */
  readonly role: string
}

/** `pid` and its descendants. */
export function processTree(pid: number): readonly Process[] {
  const children = new Map<number, number[]>()
  for (const name of readdirSync('/proc').filter((entry) => /^\d+$/.test(entry))) {
    // The name of the program, in parentheses, may hold anything.
    const parent = Number(/.*\) \S (\d+)/s.exec(read(`/proc/${name}/stat`))?.[1])
    children.set(parent, [...children.get(parent) ?? [], Number(name)])
  }
  const below = (each: number): Process[] => [{ pid: each, role: roleOf(each) }, ...(children.get(each) ?? []).flatMap(below)]
  return below(pid)
}

/** Chromium calls its page's process `renderer`, Firefox `tab`. */
function roleOf(pid: number): string {
  const words = read(`/proc/${pid}/cmdline`).split(/[\0 ]/).filter((word) => word !== '') // Chromium's have spaces, too
  if (words.includes('-contentproc')) return words.at(-1)!
  const type = words.map((word) => /^--(?:utility-sub-)?type=(\S+)/.exec(word)?.[1]).filter((found) => found !== undefined)
  return type.at(-1) ?? 'main process'
}

/**
 * What a process holds of memory that no file backs: heaps, buffers, WebAssembly memory, and its part of what it shares
 * with others. Code that is only just being read from disk is not in it.
 */
function memoryOf(pid: number): number {
  const rollup = read(`/proc/${pid}/smaps_rollup`)
  const kib = (name: string) => Number(new RegExp(`^${name}: +(\\d+) kB$`, 'm').exec(rollup)?.[1] ?? 0)
  return (kib('Pss_Anon') + kib('Pss_Shmem') + kib('SwapPss')) * 1024
}

/** Empty if the process has ended meanwhile. */
function read(path: string): string {
  try {
    return readFileSync(path, 'latin1')
  } catch (error) {
    if (['ENOENT', 'ESRCH'].includes((error as NodeJS.ErrnoException).code!)) return ''
    throw error
  }
}

/** Between two rounds of collecting garbage: allocators give back to the system a little later. */
const ROUND_MS = 150

/**
 * The memory of `processes` once `collectGarbage` frees no more. One round is not enough: what a first one finds may hold
 * what only a second one can free, as in Firefox an event does its message.
 */
export async function settledMemory(processes: readonly Process[], collectGarbage: () => Promise<void>): Promise<Memory> {
  let least: Memory | undefined
  for (let idle = 0, round = 0; idle < 3 && round < 20; round++) {
    await collectGarbage()
    await delay(ROUND_MS)
    const now = new Memory(processes)
    idle = least && now.total > least.total - 256 * 1024 ? idle + 1 : 0
    if (!least || now.total < least.total) least = now
  }
  return least!
}
