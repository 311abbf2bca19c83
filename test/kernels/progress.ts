// How far `npm run kernels` has come with these kernels, outside the checkout, so that a run of hours can be ended and taken up again.

import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const repository = fileURLToPath(new URL('../../', import.meta.url))

/** What passed: the cases from 0 to `cases` − 1 of `seed`. */
interface Done {
  readonly seed: string
  readonly cases: number
}

/** Of one target; a file each, so that processes do not write over each other's. */
export class Progress {
  readonly #file: string

  private constructor(file: string) {
    this.#file = file
  }

  /** Of what makes the kernels' code: their sources but for comments, the compiler (versions.env) and its flags. */
  static of(target: string, build: 'on' | 'off'): Progress {
    const hash = createHash('sha256').update(build)
    const kernels = readdirSync(join(repository, 'wasm/kernels')).sort().map((name) => `wasm/kernels/${name}`)
    for (const file of ['versions.env', 'wasm/emcc.flags', ...kernels]) {
      hash.update(readFileSync(join(repository, file), 'utf8').replace(/\s*(\/\/.*$|\/\*[^]*?\*\/)/gm, ''))
    }
    const cache = process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache')
    const folder = join(cache, 'libssl-wasm', `kernels-${hash.digest('hex').slice(0, 16)}`)
    mkdirSync(folder, { recursive: true })
    return new Progress(join(folder, `${target}.json`))
  }

  get done(): Done | undefined {
    return existsSync(this.#file) ? JSON.parse(readFileSync(this.#file, 'utf8')) as Done : undefined
  }

  set done(done: Done) {
    writeFileSync(`${this.#file}.new`, JSON.stringify(done)) // renamed: a run that is ended leaves a whole file
    renameSync(`${this.#file}.new`, this.#file)
  }
}
