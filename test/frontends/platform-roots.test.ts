// A platform that hands out a list of which some entries cannot be read.

import { expect, it, vi } from 'vitest'
import { load } from '../../src/index.js'
import { authority, temporaryAuthority } from '../helpers/certificates.js'
import { closeBoth, opened } from '../helpers/stream-peers.js'
import { warningsDuring } from '../helpers/warnings.js'

const stranger = temporaryAuthority('a stranger').ca.cert
const list = [stranger, stranger.replace(/\nMII./, '\nAAAA'), 'no certificate', authority.ca.cert]
vi.mock('../../src/loader/roots.node.js', () => ({ platformRoots: () => list }))

it('connect without ca uses the others, and what could not be read is told once', async () => {
  const libssl = await load()
  const warnings = await warningsDuring(async () => {
    for (const client of [{}, { libssl }, { libssl }]) await closeBoth(await opened({ client: { ca: undefined as never, ...client } }))
  })
  expect(warnings).toEqual([2, 3].map((entry) => ({ code: 'WARN_TLS_CA_UNREADABLE', message: expect.stringContaining(`root ${entry} `) })))
})
