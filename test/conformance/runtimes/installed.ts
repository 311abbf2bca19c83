// What tools/install-runtimes.sh has installed, and what the machine has of its own.

import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

export const repository = fileURLToPath(new URL('../../../', import.meta.url))
export const runtimesDirectory = join(repository, 'test/runtimes')

export const byNpm = 'npm brings it: tools/install-runtimes.sh'
export const byDebian = (packages: string) => `Debian: apt-get install ${packages}; or, as root, tools/install-runtimes.sh --debian`

/** The path of a file in an installed package, the first of `candidates` that is there. */
export function fromNpm(...candidates: readonly string[]): string | undefined {
  return candidates.map((file) => join(runtimesDirectory, 'node_modules', file)).find((file) => existsSync(file))
}

/** The first line that a program prints. */
export async function ask(program: string, ...args: readonly string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(program, args, { timeout: 20_000 })
  return stdout.trim().split('\n')[0]!
}

/** `linux-x64` and the like, as npm packages are named. */
export const platform = `${process.platform}-${process.arch}`
