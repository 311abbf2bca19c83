// The fuzzer upon everything, with a seed that stays the same and few inputs (`npm run fuzz` tries more); and upon targets that are wrong.

import { setTimeout } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ApiMisuseError, load, SslCtx, type LibSsl } from '../../src/core.js'
import * as C from '../../src/ffi/functions.gen.js'
import { applyChanges } from './changes.js'
import { connectionTargets, give, type Situation, type State } from './connections.js'
import { fuzz, inputOf, Watch, type Target } from './fuzz.js'
import type { Side, Version } from '../helpers/link.js'
import { makeSeeds } from './seeds.js'
import { openTargets } from './targets.js'
import { der, pem, records } from './tree.js'

const watch = new Watch()
const { targets, close } = await openTargets()
let lib: LibSsl
beforeAll(async () => { lib = await load() })
afterAll(async () => {
  watch.stop()
  await close()
})

describe('what others write', () => {
  it.each(
    targets.map((target) => [target.name, target] as const),
  )('ends well or in a documented error: %s', { timeout: 600_000 }, async (_, target) => {
    expect(await fuzz(watch, target, { runs: 15, seed: 1 })).toBeUndefined()
  })
})

describe('fuzz()', () => {
  const wrong: readonly (readonly [string, Target['run'], unknown])[] = [
    ['an error that is none of ours', () => { throw new TypeError('a bug') }, expect.any(TypeError)],
    ['a rejection that nothing handles', async () => { void Promise.reject(new Error('lost')) },
      expect.objectContaining({ cause: expect.any(Error) })],
    ['memory that is not freed', (lib) => { new SslCtx(lib, 'TLS_client_method') },
      expect.objectContaining({ message: expect.stringMatching(/^it leaves [\d.]+ bytes/) })],
    ['a trap', (lib) => { lib.ffi[C.X509_STORE_free](-8 as never) }, expect.objectContaining({ code: 'ERR_TLS_WASM_ABORT' })],
  ]
  it.each(wrong)('finds %s', async (_, run, error) => {
    expect(await fuzz(watch, { name: 'wrong', run }, { runs: 3, seed: 1 }))
      .toMatchObject({ target: 'wrong', seed: 1, error, input: { list: [] } })
  })

  it('makes an input smaller', async () => {
    const target: Target = {
      name: 'no 7', run(_, { change }) { if (change(Uint8Array.of(1, 2, 3)).byteLength > 3) throw new Error('too long') },
    }
    expect((await fuzz(watch, target, { runs: 500, seed: 1 }))?.input.list).toHaveLength(1)
  })

  it('takes a documented error for a good end', async () => {
    const target: Target = {
      name: 'refuses', async run() { await setTimeout(0); throw new ApiMisuseError('ERR_TLS_INVALID_ARGUMENT', 'no') },
    }
    expect(await fuzz(watch, target, { runs: 3, seed: 1 })).toBeUndefined()
  })
})

describe('an input that is not changed', () => {
  it('is read as a tree and written as it was', () => {
    const seeds = makeSeeds(lib)
    for (const bytes of seeds.certificates.slice(0, 4)) expect(der.write(der.read(bytes))).toEqual(bytes)
    expect(pem.write(pem.read(seeds.crls[0]!))).toEqual(seeds.crls[1])
  })

  it.each(connectionTargets.map(({ name }) => name))('is what a peer says: %s', (name) => {
    const [side, version, state, layer] = name.split(', ') as [Side, Version, State, Situation['layer']]
    const original: Uint8Array[] = []
    const input = { pick: 0, change: (bytes: Uint8Array) => { original.push(bytes); return Uint8Array.from(bytes) } }
    const { finished, read } = give(lib, { side, version, state, layer }, input)
    // One flight is a whole handshake to a client of TLS 1.3.
    expect(finished).toBe(state !== 'begun' || (side === 'client' && version === 'TLSv1.3'))
    if (state === 'open' || state === 'closing') expect(read).toBe(layer === 'records' ? 38 : 19)
    expect(records.write(records.read(original[0]!))).toEqual(original[0])
    expect(applyChanges(original[0]!, records, [{ kind: 'drop', at: 0, value: 0, size: 0 }])).not.toEqual(original[0])
    expect(inputOf(0, []).change(original[0]!)).toEqual(original[0])
  })
})
