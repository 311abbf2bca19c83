// How the code comes to be an instance.

import { load, loadSync } from 'libssl-wasm'
import { BioPair } from 'libssl-wasm/core'
import type { Harness } from './harness.js'

export function loading({ describe, it, expect, runtime }: Harness): void {
  describe('loads', () => {
    it('an instance of OpenSSL', async () => {
      const lib = await load(runtime.loadOptions())
      expect(lib.version).toMatch(/^OpenSSL 4\.0\./)
      expect(lib.memoryBytes).toBeGreaterThan(0)
    })

    it('an instance at once, when the code is at hand', async () => {
      const { wasm } = runtime.loadOptions()
      if (!wasm) await load()
      const lib = loadSync(wasm && { wasm: await (await wasm as Response).arrayBuffer() })
      expect(lib.version).toMatch(/^OpenSSL 4\.0\./)
    })

    it('instances that share no memory', async () => {
      const [one, other] = await Promise.all([load(runtime.loadOptions()), load(runtime.loadOptions())])
      new BioPair(one).free() // what OpenSSL sets up once stays
      const before = [one.allocatedBytes, other.allocatedBytes]
      const pair = new BioPair(one)
      expect(one.allocatedBytes).toBeGreaterThan(before[0]!)
      expect(other.allocatedBytes).toBe(before[1])
      pair.free()
      expect(one.allocatedBytes).toBe(before[0])
    })

    it('refuses what is not WebAssembly', async () => {
      await expect(load({ wasm: new TextEncoder().encode('not WebAssembly') })).rejects.toThrow()
    })
  })
}
