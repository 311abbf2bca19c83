// OpenSSL's libcrypto in WebAssembly, with our kernels (`on`), without (`off`), or with kernels and cuts as in the product (`product`):
// EVP's functions, without TLS and without the product's shim, so that a kernel can be given any input. What stands in exports.txt can be
// called by its name.

import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { randomFillSync } from 'node:crypto'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

type Exports = Readonly<Record<string, (...args: (number | bigint)[]) => number>>

/** An OpenSSL call that failed. */
export class OpensslFailure extends Error {
  override readonly name = 'OpensslFailure'
}

/** Largest input or output of one call. */
export const REGION_BYTES = 1 << 18

export class LibCrypto {
  /** By name; pointers and sizes are numbers. */
  readonly call: Exports
  /** Two places for what a call reads and what it writes, of {@link REGION_BYTES} each and aligned to 64. */
  readonly input: number
  readonly output: number
  readonly #memory: WebAssembly.Memory
  readonly #fetched = new Map<string, number>()

  private constructor(call: Exports, memory: WebAssembly.Memory) {
    this.call = call
    this.#memory = memory
    const align = (address: number) => (address + 63) & ~63
    this.input = align(call['malloc']!(REGION_BYTES + 64))
    this.output = align(call['malloc']!(REGION_BYTES + 64))
  }

  /** @param which of the three, or a file to instantiate in their place */
  static open(which: 'on' | 'off' | 'product' | URL): LibCrypto {
    const bytes = readFileSync(which instanceof URL ? which : join(twins(), `${which}.wasm`))
    let memory!: WebAssembly.Memory
    const view = () => new DataView(memory.buffer)
    const known: Readonly<Record<string, (...args: never[]) => number | void>> = {
      emscripten_notify_memory_growth() {},
      random_get(address: number, length: number) {
        for (let at = 0; at < length; at += 65_536) {
          randomFillSync(new Uint8Array(memory.buffer, address + at, Math.min(65_536, length - at)))
        }
        return 0
      },
      clock_time_get(_clock: number, _precision: bigint, address: number) {
        view().setBigUint64(address, BigInt(Date.now()) * 1_000_000n, true)
        return 0
      },
      environ_sizes_get(count: number, size: number) {
        view().setUint32(count, 0, true)
        view().setUint32(size, 0, true)
        return 0
      },
      environ_get: () => 0,
      __syscall_getuid32: () => 0,
      __syscall_geteuid32: () => 0,
      __syscall_getgid32: () => 0,
      __syscall_getegid32: () => 0,
    }
    const module = new WebAssembly.Module(bytes)
    const imports: WebAssembly.Imports = {}
    for (const { module: from, name } of WebAssembly.Module.imports(module)) {
      // Files, users and processes are asked for by code that is linked and never called.
      (imports[from] ??= {})[name] = known[name] ?? (() => { throw new Error(`libcrypto called ${name}`) })
    }
    const { exports } = new WebAssembly.Instance(module, imports)
    memory = exports['memory'] as WebAssembly.Memory
    ;(exports['_initialize'] as () => void)()
    return new LibCrypto(exports as Exports, memory)
  }

  /** Memory as it is now: for one expression, as growth detaches it. */
  get memory(): Uint8Array {
    return new Uint8Array(this.#memory.buffer)
  }

  read(address: number, length: number): Buffer {
    return Buffer.from(this.memory.slice(address, address + length))
  }

  readSize(address: number): number {
    return new DataView(this.#memory.buffer).getUint32(address, true)
  }

  writeSize(address: number, value: number): void {
    new DataView(this.#memory.buffer).setUint32(address, value, true)
  }

  /** Calls `body` with the addresses of copies of `values` (text with its end), which are freed afterwards. */
  with<T>(values: readonly (Uint8Array | string)[], body: (...addresses: number[]) => T): T {
    const addresses: number[] = []
    try {
      for (const value of values) {
        const bytes = typeof value === 'string' ? Buffer.from(`${value}\0`) : value
        const address = this.call['malloc']!(Math.max(1, bytes.length))
        addresses.push(address)
        this.memory.set(bytes, address)
      }
      return body(...addresses)
    } finally {
      for (const address of addresses) this.call['free']!(address)
    }
  }

  /** What EVP_CIPHER_fetch or EVP_MD_fetch gives for `name`, once. */
  fetch(kind: 'CIPHER' | 'MD', name: string): number {
    let found = this.#fetched.get(name)
    if (found === undefined) {
      found = this.with([name], (address) => this.call[`EVP_${kind}_fetch`]!(0, address, 0))
      if (found === 0) throw this.#failure(`EVP_${kind}_fetch(${name})`)
      this.#fetched.set(name, found)
    }
    return found
  }

  /** Calls a function that returns a positive number, or a pointer, if all is well; throws {@link OpensslFailure} otherwise. */
  must(name: string, ...args: number[]): number {
    const result = this.call[name]!(...args)
    if (result <= 0) throw this.#failure(name)
    return result
  }

  #failure(what: string): OpensslFailure {
    const reasons: string[] = []
    for (let code; (code = this.call['ERR_get_error']!()) !== 0;) {
      const text = this.call['ERR_reason_error_string']!(code)
      const { memory } = this
      reasons.push(text === 0 ? code.toString(16) : Buffer.from(memory.subarray(text, memory.indexOf(0, text))).toString())
    }
    return new OpensslFailure(`${what}: ${reasons.join(', ')}`)
  }
}

let folder: string | undefined

/** The folder of on.wasm and off.wasm; links them if they are not up to date. */
function twins(): string {
  folder ??= execFileSync(fileURLToPath(new URL('../../tools/kernels-test.sh', import.meta.url)), { encoding: 'utf8' }).trim()
  return folder
}
