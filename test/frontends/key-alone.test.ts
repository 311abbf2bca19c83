// Keys in the place of certificates, and what else looks at certificates.

import { createPublicKey, randomBytes } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import {
  memorySessionStore, type AcceptOptions, type ConnectOptions, type PskIdentityKey, type VerifyContext, type X509,
} from '../../src/index.js'
import { authority, localhost } from '../helpers/certificates.js'
import { closeBoth, opened, peers, rejection, VERSIONS } from '../helpers/stream-peers.js'

const psk: PskIdentityKey = { identity: 'a client', key: randomBytes(32) }
const key = createPublicKey(localhost.cert).export({ type: 'spki', format: 'pem' }) as string
const nameless = { servername: undefined, ca: undefined } as object as Partial<ConnectOptions>
const certless = { cert: undefined, key: undefined } as object as Partial<AcceptOptions>

describe.each(VERSIONS)('%s', (version) => {
  it('a pre-shared key does without verify and pins, which are about certificates', async () => {
    const refuse = () => false
    const both = await opened({
      version, client: { ...nameless, psk, verify: refuse, pins: `${'A'.repeat(43)}=` }, server: { ...certless, psk },
    })
    expect(await both.client.opened).toMatchObject({ pskIdentity: psk.identity })
    await closeBoth(both)
  })

  it('the identity of a pre-shared key reaches the server as it is, with a byte order mark too', async () => {
    const identity = '\ufeffa client\u202e'
    const asked: string[] = []
    const both = await opened({
      version, client: { ...nameless, psk: { ...psk, identity } },
      server: { ...certless, psk: (name: string) => { asked.push(name); return psk.key } },
    })
    for (const side of [both.client, both.server]) expect(await side.opened).toMatchObject({ pskIdentity: identity })
    expect(new Set(asked)).toEqual(new Set([identity]))
    await closeBoth(both)
  })

  it('a server that asks others for certificates takes a pre-shared key, and has nothing against it', async () => {
    for (const more of [
      { ca: authority.ca.cert }, { ca: authority.ca.cert, clientCertificate: 'optional' }, { acceptedRawPublicKeys: key },
    ] as const) {
      const both = await opened({ version, client: { ...nameless, psk }, server: { ...certless, psk, ...more } })
      for (const side of [both.client, both.server]) {
        expect(await side.opened).toMatchObject({ pskIdentity: psk.identity, verifyResult: 'X509_V_OK' })
      }
      await closeBoth(both)
    }
  })

  it('verify is asked about a raw public key with an empty chain, and may refuse it', async () => {
    const seen: (readonly [readonly X509[], VerifyContext])[] = []
    const options = (answer: boolean) => ({
      version, server: { rawPublicKey: true },
      client: {
        ...nameless, acceptedRawPublicKeys: key,
        verify: (chain: readonly X509[], context: VerifyContext) => { seen.push([chain, context]); return answer },
      },
    })
    await closeBoth(await opened(options(true)))
    expect(seen).toMatchObject([[[], { verifyResult: 'X509_V_OK', failures: [] }]])
    const { client, server } = peers(options(false))
    expect(await rejection(client.opened)).toMatchObject({ code: 'APPLICATION_VERIFICATION' })
    await rejection(server.opened.then(() => server.closed))
  })

  it('verify is not asked about a raw public key that is not known', async () => {
    let asked = 0
    const { client, server } = peers({
      version, server: { rawPublicKey: true }, client: { ...nameless, acceptedRawPublicKeys: other, verify: () => { asked++ } },
    })
    expect(await rejection(client.opened)).toMatchObject({ code: 'RPK_UNTRUSTED' })
    await rejection(server.opened.then(() => server.closed))
    expect(asked).toBe(0)
  })

  it('each key of a text is accepted, whatever stands between them', async () => {
    const both = await opened({
      version, server: { rawPublicKey: true }, client: { ...nameless, acceptedRawPublicKeys: `${other}# ours\n${key}` },
    })
    await closeBoth(both)
  })

  it('a client that stores sessions can go on using its key', async () => {
    const sessionStore = memorySessionStore()
    for (let i = 0; i < 2; i++) {
      const both = await opened({
        version, client: { ...nameless, servername: 'localhost', psk, sessionStore } as Partial<ConnectOptions>,
        server: { ...certless, psk },
      })
      expect(await both.client.opened).toMatchObject({ pskIdentity: psk.identity })
      await closeBoth(both)
    }
  })
})

const other = createPublicKey(
  `-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n-----END PUBLIC KEY-----\n`,
).export({ type: 'spki', format: 'pem' }) as string
