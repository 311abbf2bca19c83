// What the sanitizers ask of their platform, beside what the product asks. Used in the copy that tools/sanitize.sh makes.

import type { LibsslModule, Platform } from '../../src/ffi/ffi.gen.js'
import * as P from '../../src/ffi/platform.gen.js'
import { platformOf as productPlatformOf } from '../../src/loader/platform.js'

/** There are neither files nor options: what is not named here is answered by 0. */
export function platformOf(memory: () => LibsslModule['wasmMemory']): Platform {
  let report = ''
  // The trap's stack names C's functions.
  const end = () => { throw new WebAssembly.RuntimeError(report) }
  const standIns: Readonly<Record<string, (...args: number[]) => number>> = {
    fd_write(_file, parts, count, written) {
      const view = new DataView(memory().buffer)
      let length = 0
      for (let part = parts!; part < parts! + 8 * count!; part += 8) {
        const size = view.getUint32(part + 4, true)
        report += Buffer.from(view.buffer, view.getUint32(part, true), size).toString()
        length += size
      }
      view.setUint32(written!, length, true)
      return 0
    },
    emscripten_get_heap_max: () => 2 ** 30, // as the link says: tools/sanitize.sh
    proc_exit: end,
    _abort_js: end,
  }
  const product = productPlatformOf(memory) as unknown as Readonly<Record<number, unknown>>
  return Object.fromEntries(
    Object.entries(P).map(([name, number]) => [number, standIns[name] ?? product[number] ?? (() => 0)]),
  ) as unknown as Platform
}
