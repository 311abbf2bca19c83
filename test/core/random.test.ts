// Where random bytes come from.

import { afterEach, expect, it, vi } from 'vitest'
import { load, SSL_ERROR_SSL } from '../../src/core.js'
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

it.each(VERSIONS)('a platform that refuses once fails that handshake, and nothing else: %s', async (version) => {
  const lib = await load()
  new Link(lib, { version }).established().free() // it has given some before
  const refusing = vi.spyOn(crypto, 'getRandomValues').mockImplementation(() => { throw new Error('not now') })
  const refused = new Link(lib, { version })
  expect(refused.handshake().client).toMatchObject({ error: SSL_ERROR_SSL })
  expect(refused.client.ssl.opensslErrors[0]).toMatchObject({ code: 'ERR_RANDOM_NUMBER_GENERATOR_ERROR_RETRIEVING_ENTROPY' })
  refused.free()
  refusing.mockRestore()
  new Link(lib, { version }).established().free()
})

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')
