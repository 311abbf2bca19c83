// Both ways with one peer of each family of TLS libraries, over TCP. What each program does: peers/echo.ts.

import { randomBytes } from 'node:crypto'
import { describe, expect } from 'vitest'
import {
  CertificateError, PeerError, TlsError, type AcceptOptions, type ConnectOptions, type ProtocolVersion, type TlsConnection,
} from '../../src/index.js'
import { authority, RSA, temporaryAuthority, type KeyPair } from '../helpers/certificates.js'
import { proves } from '../helpers/features.js'
import { rejection } from '../helpers/streams.js'
import { randomBlocks, readAll, readUntil, send, sha256 } from './peers/bytes.js'
import { families, startEcho, startEchoServer, type EchoFamily, type EchoPart, type Refusal } from './peers/echo.js'
import { client, identities, only, versions } from './peers/matrix.js'
import type { Peer } from './peers/process.js'
import { acceptOne, connectTo } from './peers/tcp.js'

// NSS wants keyEncipherment of an RSA key, whatever the suite.
const rsa = authority.leaf({ newkey: RSA, extensions: 'keyUsage=digitalSignature,keyEncipherment' })
const stranger = temporaryAuthority('a stranger')
const strangers = stranger.leaf()
const shown = ({ cert, key }: KeyPair) => ({ cert, key })

/** Ours. */
type Role = 'client' | 'server'
interface Met { readonly connection: TlsConnection; readonly peer: Peer }

for (const family of families) {
  describe(`${family.peer}, a peer of the family ${family.row}`, () => {
    for (const version of family.versions ?? versions) {
      meetAs('client', family, version)
      meetAs('server', family, version)
    }
  })
}

function meetAs(role: Role, family: EchoFamily, version: ProtocolVersion): void {
  const lacks = (what: NonNullable<EchoFamily['lacks']>[number]) => family.lacks?.includes(what) ?? false
  const shows = (claim: string, body: () => Promise<void>) => proves(family.row, { peer: family.peer, role, version }, claim, body)
  const mutual = role === 'server' || !lacks('client certificates asked for')

  shows(`agrees on ALPN${mutual ? ', verifies both certificates' : ''}, carries data both ways, and we end`, async () => {
    const alpnProtocols = ['other', 'echo']
    const { connection, peer } = await (role === 'client'
      ? meet({ alpnProtocols, ...shown(client) }, mutual ? { ca: authority.ca.certFile } : {})
      : meet({ alpnProtocols, ca: authority.ca.cert }, { identity: client }))
    const info = await connection.opened
    expect(info).toMatchObject({ protocol: version, alpnProtocol: 'echo', verifyResult: 'X509_V_OK' })
    expect(info.peerCertificate?.subject).toBe(role === 'client' ? 'CN=localhost' : 'CN=client')
    expect(info.servername).toBe(role === 'server' && lacks('the server name') ? undefined : 'localhost')
    const blocks = randomBlocks(30)
    const sent = Buffer.concat(blocks)
    const echo = readUntil(connection.readable, ({ byteLength }) => byteLength >= sent.byteLength)
    await send(connection.writable, ...blocks)
    expect(sha256(await echo)).toBe(sha256(sent))
    await connection.close({ waitForPeerMs: 10_000 })
    await connection.closed
    expect(await peer.end()).toBe(0)
    const subject = role === 'server' ? 'CN=localhost' : mutual ? 'CN=client' : '-'
    expect(peer.log).toMatch(new RegExp(`^opened ${lacks('what was agreed') ? '- echo -' : `${version} echo ${subject}`}$`, 'm'))
    expect(peer.log).toMatch(/^end\nclosed$/m)
  })

  shows('carries data under an RSA key, and the peer ends', async () => {
    const sent = randomBytes(50_000)
    const { connection, peer } = await (role === 'client'
      ? meet({}, { identity: rsa, count: sent.byteLength })
      : meet(shown(rsa), { count: sent.byteLength }))
    await send(connection.writable, sent)
    expect(sha256(await readAll(connection.readable))).toBe(sha256(sent))
    await connection.close()
    await connection.closed
    expect(await peer.end()).toBe(0)
    expect(peer.log).toMatch(/^closed$/m)
  })

  if (role === 'client') {
    shows('its certificate of another CA is refused', async () => {
      const { connection, peer } = await meet({}, { identity: strangers })
      const error = await rejection(connection.opened)
      expect(error).toBeInstanceOf(CertificateError)
      expect(error).toMatchObject({ depth: 0, alert: { from: 'us', level: 'fatal', description: 48 } })
      await failed(peer)
    })
    if (mutual) {
      shows('refuses us without a certificate', async () => {
        const { connection, peer } = await meet({}, { ca: authority.ca.certFile })
        await refused(connection, 'no certificate')
        await failed(peer)
      })
    }
  } else {
    shows('refuses our certificate of another CA', async () => {
      const { connection, peer } = await meet({}, { ca: stranger.ca.certFile })
      await refused(connection, 'another CA')
      await failed(peer)
    })

    shows('is refused without a certificate', async () => {
      const { connection, peer } = await meet({ ca: authority.ca.cert })
      expect(await rejection(connection.opened)).toMatchObject({
        code: 'ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE', alert: { from: 'us', level: 'fatal' },
      })
      await failed(peer)
    })
  }

  /** A connection of ours with a new peer in the other role. */
  async function meet(ours: Partial<ConnectOptions & AcceptOptions> = {}, theirs: Partial<EchoPart> = {}): Promise<Met> {
    const options = { ...only(version), ...ours }
    const part = { version, alpn: 'echo', ...theirs }
    if (role === 'client') {
      const { peer, port } = await startEchoServer(family, { identity: identities.EC, ...part })
      return { peer, connection: await connectTo(port, options) }
    }
    const { port, connection } = await acceptOne(options)
    const peer = await startEcho(family, { role: 'client', port, ca: authority.ca.certFile, ...part })
    return { peer, connection: await connection }
  }

  async function refused(connection: TlsConnection, why: Refusal): Promise<void> {
    const silent = family.silent?.(why, version) ?? false
    // Under TLS 1.3 a client has finished before the server looks at its certificate.
    const error = await rejection(readAll(connection.readable))
    expect(error).toBeInstanceOf(silent ? TlsError : PeerError)
    if (!silent) expect(error).toMatchObject({ alert: { from: 'peer', level: 'fatal' } })
  }
}

async function failed(peer: Peer): Promise<void> {
  expect(await peer.end()).toBe(1)
  expect(peer.log).toMatch(/^failed /m)
}
