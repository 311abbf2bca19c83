// What happens on a platform that hands out no roots: the file that such platforms load takes the place of Node's.

import { expect, it, vi } from 'vitest'
import { accept, connect, load, memoryTransportPair } from '../../src/index.js'
import { closeBoth, opened, rejection, serverOptions } from '../helpers/stream-peers.js'

vi.mock('../../src/loader/roots.node.js', () => import('../../src/loader/roots.default.js'))

it('connect without ca is refused where the platform has no roots', async () => {
  const libssl = await load()
  const [near, far] = memoryTransportPair()
  const connection = connect(near, { servername: 'localhost', libssl })
  const error = await rejection(connection.opened)
  expect(error).toMatchObject({ name: 'ApiMisuseError', code: 'ERR_TLS_NO_TRUST_ANCHORS', option: 'ca' })
  expect((error as Error).message).toMatch(/^this platform hands out no list/)
  expect(await rejection(connection.closed)).toBe(error)
  await rejection(far.readable.getReader().read())
})

it('connect with ca works where the platform has no roots', async () => {
  await closeBoth(await opened())
})

it('connect without ca but with dangerouslySkipVerification works where the platform has no roots, and says what is wrong', async () => {
  const [near, far] = memoryTransportPair()
  const server = accept(far, serverOptions())
  const client = connect(near, { dangerouslySkipVerification: true })
  expect((await client.opened).verifyResult).toBe('X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY')
  expect((await server.opened).servername).toBeUndefined()
  await closeBoth({ client, server })
})
