// A context for keys serves connections with a name, which take certificates, and without one, which take none.

import { createPublicKey, randomBytes } from 'node:crypto'
import { describe, expect, it, vi } from 'vitest'
import { accept, connect, createContext, load, memoryTransportPair, type ConnectOptions, type TlsContext } from '../../src/index.js'
import { authority, localhost } from '../helpers/certificates.js'
import { closeBoth, rejection, VERSIONS } from '../helpers/stream-peers.js'

// The platform trusts the server's CA: nothing but the missing name stands against its certificate.
vi.mock('#roots', () => ({ platformRoots: () => [authority.ca.cert] }))

const { cert, key } = localhost
const otherKey = createPublicKey(authority.ca.cert).export({ type: 'spki', format: 'pem' }) as string

describe.each(VERSIONS)('%s', (version) => {
  const pinned = { minVersion: version, maxVersion: version } as const
  const kinds = {
    psk: { psk: { identity: 'x', key: randomBytes(32) } }, acceptedRawPublicKeys: { acceptedRawPublicKeys: otherKey },
  } as const

  describe.each(Object.entries(kinds))('a context with %s', (_, options) => {
    const begin = (context: TlsContext, more: ConnectOptions) => {
      const [near, far] = memoryTransportPair()
      return { client: connect(near, { context, ...more }), server: accept(far, { ...pinned, cert, key }) }
    }
    const named = async (context: TlsContext) => {
      const pair = begin(context, { servername: 'localhost' })
      expect((await pair.client.opened).verifyResult).toBe('X509_V_OK')
      await pair.server.opened
      await closeBoth(pair)
    }
    const nameless = async (context: TlsContext) => {
      const { client, server } = begin(context, {})
      await rejection(client.opened)
      await rejection(server.opened.then(() => server.closed))
    }

    it('accepts a certificate with a name, and none without', async () => {
      for (const order of [[named, nameless, named], [nameless, named, nameless]]) {
        const context = createContext({ ...pinned, ...options })
        for (const one of order) await one(context)
        await Promise.all([named(context), nameless(context), named(context), nameless(context)])
      }
    })

    it('without a context, on a shared instance, it is the same', async () => {
      const libssl = await load()
      const begin = (more: ConnectOptions) => {
        const [near, far] = memoryTransportPair()
        return { client: connect(near, { ...pinned, ...options, ...more, libssl }), server: accept(far, { ...pinned, cert, key, libssl }) }
      }
      for (let i = 0; i < 2; i++) {
        const pair = begin({ servername: 'localhost' })
        await Promise.all([pair.client.opened, pair.server.opened])
        await closeBoth(pair)
        const { client, server } = begin({})
        await rejection(client.opened)
        await rejection(server.opened.then(() => server.closed))
      }
    })

    it('anchors without a name are refused at once', () => {
      const context = createContext({ ...pinned, ...options, ca: authority.ca.cert })
      expect(() => connect(memoryTransportPair()[0], { context }))
        .toThrow(expect.objectContaining({ code: 'ERR_TLS_INVALID_OPTION', option: 'ca' }))
    })
  })
})
