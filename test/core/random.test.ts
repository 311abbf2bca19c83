// Where random bytes come from.

import { afterEach, expect, it, vi } from 'vitest'
import { load } from '../../src/core.js'
import { Link, VERSIONS } from '../helpers/link.js'

afterEach(() => { vi.restoreAllMocks() })

/** A ClientHello's `random` stands behind the headers of its record and its message, and the version. */
const RANDOM = [11, 11 + 32] as const

it.each(VERSIONS)('the random bytes of a hello are crypto.getRandomValues\'s own: %s', async (version) => {
  const lib = await load()
  const given: string[] = []
  const { getRandomValues } = crypto
  vi.spyOn(crypto, 'getRandomValues').mockImplementation((array) => {
    getRandomValues.call(crypto, array)
    given.push(hex(new Uint8Array(array!.buffer, array!.byteOffset, array!.byteLength)))
    return array
  })
  let random: string | undefined
  const link = new Link(lib, { version, tap: (from, bytes) => { if (from === 'client') random ??= hex(bytes.subarray(...RANDOM)) } })
  link.established()
  link.free()
  expect(given).toContain(random)
})

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')
