// How far `npm run kernels` has come with these kernels, outside the checkout, so that a run of hours can be ended and taken up again.

import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const repository = fileURLToPath(new URL('../../', import.meta.url))

/** What passed: the cases from 0 to `cases` − 1 of `seed`. */
interface Done {
  readonly seed: string
  readonly cases: number
}

export class Progress {
  readonly #file: string
  readonly #done: Record<string, Done>

  private constructor(file: string) {
    this.#file = file
    this.#done = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) as Record<string, Done> : {}
  }

  /** Of what makes the kernels' code: their sources, the compiler (versions.env) and its flags. */
  static of(build: 'on' | 'off'): Progress {
    const hash = createHash('sha256').update(build)
    const kernels = readdirSync(join(repository, 'wasm/kernels')).sort().map((name) => `wasm/kernels/${name}`)
    for (const file of ['versions.env', 'wasm/emcc.flags', ...kernels]) hash.update(readFileSync(join(repository, file)))
    const cache = process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache')
    return new Progress(join(cache, 'libssl-wasm', `kernels-${hash.digest('hex').slice(0, 16)}.json`))
  }

  get(name: string): Done | undefined {
    return this.#done[name]
  }

  set(name: string, done: Done): void {
    this.#done[name] = done
    mkdirSync(dirname(this.#file), { recursive: true })
    writeFileSync(`${this.#file}.new`, JSON.stringify(this.#done)) // renamed: a run that is ended leaves a whole file
    renameSync(`${this.#file}.new`, this.#file)
  }
}
