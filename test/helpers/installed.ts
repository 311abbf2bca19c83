// What tools/install-runtimes.sh has put into test/runtimes: bundlers, Chromium's driver, workerd.

import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { promisify } from 'node:util'

const modules = fileURLToPath(new URL('../runtimes/node_modules/', import.meta.url))

/** wrangler and miniflare ask for a newer Node than the product does. */
export const node22 = `node22-${process.platform}-${process.arch}/bin/node`
/** It cannot require() modules. */
export const oldestNode = `node20.18-${process.platform}-${process.arch}/bin/node`

/** The path of a file in an installed package. */
export function installed(file: string): string {
  const path = join(modules, file)
  if (!existsSync(path)) throw new Error(`${file} is missing: run tools/install-runtimes.sh`)
  return path
}

export async function importInstalled<T>(file: string): Promise<T> {
  return await import(pathToFileURL(installed(file)).href) as T
}

/** Runs an installed JavaScript command to its end; returns what it printed. Rejects, with that, if it fails. */
export function runInstalled(file: string, args: readonly string[], cwd: string): Promise<string> {
  return runNode(process.execPath, [installed(file), ...args], cwd)
}

/** The same for any program that must end. */
export async function runNode(node: string, args: readonly string[], cwd: string, env: NodeJS.ProcessEnv = {}): Promise<string> {
  const all = { ...process.env, NODE_ENV: '', CI: '1', NO_COLOR: '1', ...env }
  try {
    const { stdout, stderr } = await promisify(execFile)(node, args, { cwd, env: all, timeout: 120_000, maxBuffer: 16 << 20 })
    return stdout + stderr
  } catch (error) {
    const { message, stdout = '', stderr = '' } = error as Error & { stdout?: string; stderr?: string }
    throw new Error(`${message}\n${stdout}${stderr}`, { cause: error })
  }
}
