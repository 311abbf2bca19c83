// Lists of certificates and of names that are long: what is taken, what is refused and by which name, what is told.

import { beforeAll, describe, expect, it } from 'vitest'
import {
  accept, connect, createContext, load, memoryTransportPair, type AcceptOptions, type HelloAnswer, type LibSsl, type TlsConnection,
} from '../../src/index.js'
import { LSW_MAX_CA_LIST_BYTES } from '../../src/ffi/constants.gen.js'
import { authority, localhost } from '../helpers/certificates.js'
import { certificateWithSubjectOf, pemOf } from '../helpers/large-certificates.js'
import { closeBoth, opened, peers, readAll, rejection, VERSIONS } from '../helpers/stream-peers.js'
import { warningsDuring } from '../helpers/warnings.js'

let libssl: LibSsl
beforeAll(async () => { libssl = await load() })

const ca = authority.ca.cert
/** Two of them take more than OpenSSL's default of 102,400 bytes. */
const long = pemOf(certificateWithSubjectOf(60_000))
const identity = (...more: readonly string[]) => ({ cert: localhost.cert + more.join(''), key: localhost.key })
const tooLong = {
  name: 'PeerError', code: 'ERR_SSL_EXCESSIVE_MESSAGE_SIZE', message: expect.stringContaining("'maxCertificateListBytes'"),
  alert: { from: 'us' },
}

/** A TLS 1.3 client hears of it after its handshake. */
async function refusedByPeer({ opened, readable }: TlsConnection): Promise<void> {
  expect(await rejection(opened.then(() => readAll(readable)))).toMatchObject({ name: 'PeerError', alert: { from: 'peer' } })
}

describe.each(VERSIONS)('maxCertificateListBytes, %s', (version) => {
  it('is 102,400 by default, in both roles', async () => {
    await closeBoth(await opened({ version, server: { ca, ...identity(long) }, client: identity(long) }))
    const toClient = peers({ version, server: identity(long, long) })
    expect(await rejection(toClient.client.opened)).toMatchObject(tooLong)
    await rejection(toClient.server.opened)
    const toServer = peers({ version, server: { ca }, client: identity(long, long) })
    expect(await rejection(toServer.server.opened)).toMatchObject(tooLong)
    await refusedByPeer(toServer.client)
  })

  it('allows more, in both roles, to one connection or to all of a context', async () => {
    const [server, client] = [{ ca, ...identity(long, long) }, identity(long, long)]
    const most = { maxCertificateListBytes: 130_000 }
    await closeBoth(await opened({ version, server: { ...server, ...most }, client: { ...client, ...most } }))
    for (const [ofContext, ofConnection] of [[most, {}], [{ maxCertificateListBytes: 1000 }, most]]) {
      const [near, far] = memoryTransportPair()
      const contexts = [
        createContext({ ca, minVersion: version, maxVersion: version, ...client, ...ofContext, libssl }),
        createContext({ minVersion: version, maxVersion: version, ...server, ...ofContext, libssl }),
      ] as const
      const both = {
        client: connect(near, { context: contexts[0], servername: 'localhost', ...ofConnection }),
        server: accept(far, { context: contexts[1], ...ofConnection }),
      }
      await Promise.all([both.client.opened, both.server.opened])
      await closeBoth(both)
    }
  })

  it('allows less, in both roles; on a client also of names', async () => {
    const least = { maxCertificateListBytes: 300 }
    const toClient = peers({ version, client: least })
    expect(await rejection(toClient.client.opened)).toMatchObject(tooLong)
    await rejection(toClient.server.opened)
    const toServer = peers({ version, server: { ca, ...least }, client: identity() })
    expect(await rejection(toServer.server.opened)).toMatchObject(tooLong)
    await refusedByPeer(toServer.client)
    const names = peers({ version, server: { ca, clientCaNames: long }, client: { maxCertificateListBytes: 50_000 } })
    expect(await rejection(names.client.opened)).toMatchObject(tooLong)
    await rejection(names.server.opened)
  })

  it('a server or client whose own chain takes more than the default is told', async () => {
    for (const role of ['server', 'client'] as const) {
      const own = pemOf(certificateWithSubjectOf(102_000 + VERSIONS.indexOf(version) + (role === 'server' ? 10 : 0)))
      const warnings = await warningsDuring(async () => {
        const most = { maxCertificateListBytes: 130_000 }
        for (let i = 0; i < 2; i++) {
          await closeBoth(
            await opened({
              version, server: { ca, ...most, ...(role === 'server' && identity(own)) },
              client: { ...most, ...identity(...(role === 'client' ? [own] : [])) },
            }),
          )
        }
      })
      expect(warnings.filter(({ message }) => / take 10\d{4} bytes/.test(message)))
        .toEqual([{ code: 'WARN_TLS_CHAIN_TOO_LONG', message: expect.stringContaining("option 'cert'") }])
    }
  })
})

describe.each(VERSIONS)('names of client CAs, %s', (version) => {
  const most = certificateWithSubjectOf(LSW_MAX_CA_LIST_BYTES - 2)
  const oneMore = certificateWithSubjectOf(LSW_MAX_CA_LIST_BYTES - 1)
  /** What the client is told. */
  async function announced(server: Partial<AcceptOptions>): Promise<readonly string[]> {
    let names: readonly string[] = []
    const both = await opened({
      version, server, client: { onCertificateRequest: ({ caNames }) => { names = caNames; return identity() } },
    })
    expect((await both.server.opened).peerCertificate).toMatchObject({ subject: 'CN=localhost' })
    await closeBoth(both)
    return names
  }

  it('are refused by the option before a client comes, where no CertificateRequest can carry them', async () => {
    const refused = async (server: Partial<AcceptOptions>) => {
      const versions = { minVersion: version, maxVersion: version }
      expect(() => createContext({ ...identity(), ...server, ...versions, libssl } as AcceptOptions))
        .toThrow(expect.objectContaining({ name: 'ApiMisuseError' }))
      return rejection(accept(memoryTransportPair()[0], { ...identity(), ...server, ...versions }).opened)
    }
    const error = (option: string) => ({
      name: 'ApiMisuseError', code: 'ERR_SSL_LENGTH_TOO_LONG', option, message: expect.stringContaining("'clientCaNames'"),
    })
    expect(await refused({ ca: oneMore })).toMatchObject(error('ca'))
    expect(await refused({ ca: [long, ca, certificateWithSubjectOf(6000)] })).toMatchObject(error('ca'))
    expect(await refused({ ca, additionalCa: most })).toMatchObject(error('ca'))
    expect(await refused({ ca, clientCaNames: oneMore })).toMatchObject(error('clientCaNames'))
    expect(await refused({ ca, clientCaNames: [most, ca] })).toMatchObject(error('clientCaNames'))
  })

  it('are announced as long as one can', async () => {
    expect(await announced({ ca, clientCaNames: most })).toEqual([expect.stringMatching(/^CN=a{65000}/)])
  })

  it('are those of ca, others, or none', async () => {
    const own = 'CN=libssl-wasm test CA,O=libssl-wasm'
    expect(await announced({ ca })).toEqual([own])
    expect(await announced({ ca: [ca, most], clientCaNames: [ca] })).toEqual([own])
    expect(await announced({ ca, clientCaNames: localhost.cert })).toEqual(['CN=localhost'])
    expect(await announced({ ca: [ca, long, most], clientCaNames: [] })).toEqual([])
    expect(await announced({ clientCertificate: 'required', dangerouslyReplaceVerification: true, verify: () => true, clientCaNames: ca }))
      .toEqual([own])
    const answer: HelloAnswer = { ca, clientCaNames: localhost.cert }
    expect(await announced({ onClientHello: () => answer })).toEqual(['CN=localhost'])
  })

  it('are not trusted by being announced', async () => {
    const both = peers({ version, server: { ca: long, clientCaNames: ca }, client: identity() })
    expect(await rejection(both.server.opened)).toMatchObject({ name: 'CertificateError' })
    await refusedByPeer(both.client)
  })
})
