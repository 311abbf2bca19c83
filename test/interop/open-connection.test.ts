// What can be done with an open connection, with peers that others wrote: exporter, channel bindings, key updates,
// renegotiation, certificates after the handshake.

import { once } from 'node:events'
import { TLSSocket, connect as connectNode } from 'node:tls'
import { describe, expect } from 'vitest'
import { PeerError, type TraceEvent } from '../../src/index.js'
import { authority } from '../helpers/certificates.js'
import { proves } from '../helpers/features.js'
import { rejection, until } from '../helpers/streams.js'
import { readAll, readUntil, send } from './peers/bytes.js'
import { startGnutlsClient } from './peers/gnutls.js'
import { client, identities, only, versions } from './peers/matrix.js'
import { startOpensslClient, startOpensslServer } from './peers/openssl.js'
import { acceptOne, connectTo, HOST, serveTcp } from './peers/tcp.js'

const label = 'EXPERIMENTAL libssl-wasm'
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')

/** A server of node:tls, and its side of the first connection, the handshake done. */
async function serveNode(): Promise<{ port: number; socket: Promise<TLSSocket> }> {
  let served!: (socket: TLSSocket) => void
  const socket = new Promise<TLSSocket>((resolve) => { served = resolve })
  const port = await serveTcp((raw) => {
    const tls = new TLSSocket(raw, { isServer: true, cert: identities.EC.cert, key: identities.EC.key })
    tls.on('error', () => {})
    tls.once('secure', () => served(tls))
  })
  return { port, socket }
}

describe('the exporter and channel bindings', { timeout: 20_000 }, () => {
  for (const version of versions) {
    proves('exporter', {
      peer: 'node:tls', role: 'client', version,
    }, 'exportKeyingMaterial() gives what its exportKeyingMaterial() gives', async () => {
      // A suite with each of TLS 1.3's hashes.
      const suites = version === 'TLSv1.3' ? ['TLS_AES_128_GCM_SHA256', 'TLS_AES_256_GCM_SHA384'] : [undefined]
      for (const ciphersuites of suites) {
        const { port, socket } = await serveNode()
        const connection = await connectTo(port, { ...only(version), ciphersuites })
        await connection.opened
        await compare(connection, await socket)
        await connection.close()
      }
    })

    proves('exporter', {
      peer: 'node:tls', role: 'server', version,
    }, 'exportKeyingMaterial() gives what its exportKeyingMaterial() gives', async () => {
      const server = await acceptOne(only(version))
      const tls = connectNode({ port: server.port, host: HOST, servername: 'localhost', ca: authority.ca.cert })
      tls.on('error', () => {})
      await once(tls, 'secureConnect')
      const connection = await server.connection
      await compare(connection, tls)
      if (version === 'TLSv1.2') expect(hex(await connection.channelBinding('tls-unique'))).toBe(hex(tls.getFinished()!))
      tls.end()
      await connection.close()
    })

    proves('exporter', { peer: 'openssl s_client', role: 'server', version }, '-keymatexport prints what we export', async () => {
      const server = await acceptOne()
      const peer = await startOpensslClient(server.port, version, ['-keymatexport', label, '-keymatexportlen', '40'])
      const [, exported] = await peer.printed(/Keying material: ([0-9A-F]{80})/)
      expect(hex(await (await server.connection).exportKeyingMaterial({ label, bytes: 40 }))).toBe(exported!.toLowerCase())
    })

    proves('exporter', { peer: 'openssl s_server', role: 'client', version }, '-keymatexport prints what we export', async () => {
      const { peer, port } = await startOpensslServer(identities.EC, version, ['-keymatexport', label, '-keymatexportlen', '40'])
      const connection = await connectTo(port)
      await connection.opened
      const [, exported] = await peer.printed(/Keying material: ([0-9A-F]{80})/)
      expect(hex(await connection.exportKeyingMaterial({ label, bytes: 40 }))).toBe(exported!.toLowerCase())
      await connection.close()
    })

    proves('exporter', { peer: 'gnutls-cli', role: 'server', version }, 'channel bindings are those that it prints', async () => {
      const server = await acceptOne()
      const { peer, said } = await startGnutlsClient(server.port, version, ['--verbose'])
      const connection = await server.connection
      const bindings = Object.fromEntries(await Promise.all((['tls-exporter', 'tls-server-end-point', 'tls-unique'] as const)
        .map(async (type) => [type, await connection.channelBinding(type).then(hex, () => 'not available')])))
      await connection.close()
      await peer.end() // it prints nothing before
      expect(Object.fromEntries([...said().matchAll(/^ - '(tls-[a-z-]+)': (.+)$/gm)].map(([, type, binding]) => [type, binding])))
        .toEqual(bindings)
      expect(bindings['tls-unique'] === 'not available').toBe(version === 'TLSv1.3')
    })
  }

  async function compare(connection: Awaited<ReturnType<typeof connectTo>>, tls: TLSSocket): Promise<void> {
    for (const context of [undefined, Buffer.alloc(0), Buffer.from('a context')]) {
      for (const bytes of [1, 32, 48, 97, 255 * 32]) { // less than a hash, one, parts of several, the most
        const theirs = tls.exportKeyingMaterial(bytes, label, context as Buffer)
        expect(hex(await connection.exportKeyingMaterial({ label, bytes, ...(context && { context }) }))).toBe(hex(theirs))
      }
    }
  }
})

describe('key updates', { timeout: 20_000 }, () => {
  const version = 'TLSv1.3'

  proves('key-update', {
    peer: 'openssl s_client', role: 'server', version,
  }, 'its updates (k, and K that asks for ours) are taken, and it takes ours', async () => {
    const seen = trace()
    const server = await acceptOne({ onTrace: seen.onTrace })
    const peer = await startOpensslClient(server.port, version, ['-msg'])
    const connection = await server.connection
    await connection.opened
    await peer.printed(/Verify return code: 0/)
    for (const command of ['k', 'K']) {
      peer.stdin.write(`${command}\n`)
      await peer.printed(new RegExp(command === 'k' ? 'KEYUPDATE' : 'KEYUPDATE[^]*KEYUPDATE'))
      peer.stdin.write(`after ${command}\n`)
      await readUntil(connection.readable, (bytes) => bytes.toString() === `after ${command}\n`)
    }
    expect([seen.updates('received'), seen.updates('sent')]).toEqual([2, 0]) // the answer to K goes with what is sent next
    await send(connection.writable, 'an answer\n')
    await peer.printed(/an answer/)
    expect(seen.updates('sent')).toBe(1)
    await connection.updateKeys()
    await connection.updateKeys({ requestPeer: true })
    await send(connection.writable, 'with new keys\n')
    await peer.printed(/with new keys/)
    expect(seen.updates('sent')).toBe(3)
    peer.stdin.write('with its own new keys\n')
    await readUntil(connection.readable, (bytes) => bytes.toString() === 'with its own new keys\n')
    expect(seen.updates('received')).toBe(3)
    expect(peer.log.match(/<<< TLS 1\.3, Handshake \[length \w+\], KeyUpdate/g)).toHaveLength(3)
    await connection.close()
  })

  proves('key-update', {
    peer: 'openssl s_server', role: 'client', version,
  }, 'its updates (k, and K that asks for ours) are taken, and it takes ours', async () => {
    const seen = trace()
    const { peer, port } = await startOpensslServer(identities.EC, version, ['-msg'])
    const connection = await connectTo(port, { onTrace: seen.onTrace })
    await connection.opened
    for (const command of ['k', 'K']) {
      peer.stdin.write(`${command}\n`)
      await peer.printed(new RegExp(`>>> TLS 1\\.3, Handshake \\[length \\w+\\], KeyUpdate\n *18 00 00 01 0${command === 'k' ? 0 : 1}`))
      peer.stdin.write(`after ${command}\n`)
      await readUntil(connection.readable, (bytes) => bytes.toString() === `after ${command}\n`)
    }
    expect([seen.updates('received'), seen.updates('sent')]).toEqual([2, 0])
    await send(connection.writable, 'an answer\n')
    await peer.printed(/an answer/)
    expect(seen.updates('sent')).toBe(1)
    await connection.updateKeys({ requestPeer: true })
    await send(connection.writable, 'with new keys\n')
    await peer.printed(/with new keys/)
    peer.stdin.write('with its own new keys\n')
    await readUntil(connection.readable, (bytes) => bytes.toString() === 'with its own new keys\n')
    expect(seen.updates('sent')).toBe(2)
    expect(seen.updates('received')).toBe(3)
    await connection.close()
  })

  proves('key-update', { peer: 'gnutls-cli', role: 'server', version }, 'it answers a request for new keys, and goes on', async () => {
    const seen = trace()
    const server = await acceptOne({ onTrace: seen.onTrace })
    const { peer } = await startGnutlsClient(server.port, version)
    const connection = await server.connection
    await connection.opened
    await connection.updateKeys({ requestPeer: true })
    await send(connection.writable, 'with new keys\n')
    await peer.wrote('with new keys\n'.length)
    peer.stdin.write('with its own new keys\n')
    await readUntil(connection.readable, (bytes) => bytes.toString() === 'with its own new keys\n')
    expect(seen.updates('received')).toBe(1)
    await connection.close()
  })
})

describe('renegotiation', { timeout: 20_000 }, () => {
  const version = 'TLSv1.2'

  proves('renegotiation', {
    peer: 'openssl s_client', role: 'server', version,
  }, 'R is answered by no_renegotiation; s_client takes that for the end', async () => {
    const seen = trace()
    const server = await acceptOne({ onTrace: seen.onTrace })
    const peer = await startOpensslClient(server.port, version)
    const connection = await server.connection
    await connection.opened
    peer.stdin.write('before\n')
    await readUntil(connection.readable, (bytes) => bytes.toString() === 'before\n')
    peer.stdin.write('R\n')
    const error = await rejection(readAll(connection.readable))
    expect(error).toBeInstanceOf(PeerError)
    expect(error).toMatchObject({ alert: { from: 'peer', level: 'fatal', description: 40 } })
    expect(seen.named('sent')).toContain('warning no_renegotiation')
    expect(seen.named('received').filter((name) => name === 'ClientHello')).toHaveLength(2)
    await peer.printed(/no renegotiation/)
  })

  for (const command of ['r', 'R']) {
    proves('renegotiation', {
      peer: 'openssl s_server', role: 'client', version,
    }, `${command} is answered by no_renegotiation; s_server takes that for the end`, async () => {
      const seen = trace()
      const { peer, port } = await startOpensslServer(identities.EC, version, [])
      const connection = await connectTo(port, { onTrace: seen.onTrace })
      await connection.opened
      await send(connection.writable, 'before\n')
      await peer.printed(/^before$/m)
      const reading = rejection(readAll(connection.readable))
      peer.stdin.write(`${command}\n`)
      await until(() => seen.named('sent').includes('warning no_renegotiation'))
      expect(seen.named('received')).toContain('HelloRequest')
      expect(seen.named('sent').filter((name) => name === 'ClientHello')).toHaveLength(1)
      expect(await reading).toMatchObject({ alert: { from: 'peer' } })
    })
  }

  proves('renegotiation', {
    peer: 'node:tls', role: 'server', version,
  }, 'a client that asks for it is answered by no_renegotiation, and ends', async () => {
    const seen = trace()
    const server = await acceptOne({ ...only(version), onTrace: seen.onTrace })
    const tls = connectNode({ port: server.port, host: HOST, servername: 'localhost', ca: authority.ca.cert })
    await once(tls, 'secureConnect')
    const connection = await server.connection
    const reading = rejection(readAll(connection.readable))
    const failed = once(tls, 'error')
    tls.renegotiate({}, () => {})
    expect((await failed)[0]).toMatchObject({ code: 'ERR_SSL_NO_RENEGOTIATION' })
    expect(await reading).toBeInstanceOf(PeerError)
    expect(seen.named('sent')).toContain('warning no_renegotiation')
  })

  proves('renegotiation', {
    peer: 'node:tls', role: 'client', version,
  }, 'a server that asks for it is answered by no_renegotiation', async () => {
    const seen = trace()
    const { port, socket } = await serveNode()
    const connection = await connectTo(port, { ...only(version), onTrace: seen.onTrace })
    await connection.opened
    const tls = await socket
    const reading = readAll(connection.readable).catch(() => {})
    tls.renegotiate({}, () => {})
    await until(() => seen.named('sent').includes('warning no_renegotiation'))
    expect(seen.named('received')).toContain('HelloRequest')
    await connection.close().catch(() => {}) // it has ended, if node:tls was faster
    await reading
  })
})

describe('certificates after the handshake', { timeout: 20_000 }, () => {
  const version = 'TLSv1.3'
  const asking = { postHandshakeAuth: true, ca: authority.ca.cert } as const

  proves('post-handshake-auth', {
    peer: 'openssl s_client', role: 'server', version,
  }, 'requestClientCertificate() gives what -enable_pha shows when it is asked', async () => {
    const server = await acceptOne(asking)
    const peer = await startOpensslClient(server.port, version, ['-enable_pha', '-cert', client.certFile, '-key', client.keyFile])
    const connection = await server.connection
    expect((await connection.opened).peerCertificate).toBeUndefined()
    expect(await connection.requestClientCertificate()).toMatchObject({ subject: 'CN=client', subjectAltName: 'DNS:client.example' })
    await send(connection.writable, 'welcome, client\n')
    await peer.printed(/welcome, client/)
    await connection.close()
  })

  proves('post-handshake-auth', {
    peer: 'openssl s_client', role: 'server', version,
  }, 'an s_client without a certificate is refused by certificate_required when it is asked', async () => {
    const server = await acceptOne(asking)
    const peer = await startOpensslClient(server.port, version, ['-enable_pha'])
    const connection = await server.connection
    await connection.opened
    const error = await rejection(connection.requestClientCertificate())
    expect(error).toMatchObject({ code: 'ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE', alert: { from: 'us', description: 116 } })
    await peer.printed(/alert certificate required/)
  })

  proves('post-handshake-auth', {
    peer: 'openssl s_client', role: 'server', version,
  }, 'an s_client without -enable_pha cannot be asked, and the connection goes on', async () => {
    const server = await acceptOne(asking)
    const peer = await startOpensslClient(server.port, version, ['-cert', client.certFile, '-key', client.keyFile])
    const connection = await server.connection
    await connection.opened
    expect(await rejection(connection.requestClientCertificate())).toMatchObject({ code: 'ERR_SSL_EXTENSION_NOT_RECEIVED' })
    await send(connection.writable, 'never mind\n')
    await peer.printed(/never mind/)
    await connection.close()
  })

  proves('post-handshake-auth', {
    peer: 'openssl s_server', role: 'client', version,
  }, 'its command c is answered with our certificate', async () => {
    const { peer, port } = await startOpensslServer(identities.EC, version, ['-CAfile', authority.ca.certFile, '-msg'])
    const connection = await connectTo(port, { postHandshakeAuth: true, cert: client.cert, key: client.key })
    await connection.opened
    const reading = readUntil(connection.readable, (bytes) => bytes.toString() === 'after c\n')
    peer.stdin.write('c\n')
    await peer.printed(/>>> TLS 1\.3, Handshake \[length \w+\], CertificateRequest/)
    peer.stdin.write('after c\n')
    await reading
    await peer.printed(/<<< TLS 1\.3, Handshake \[length \w+\], Certificate\b[^]*<<< TLS 1\.3, Handshake \[length \w+\], CertificateVerify/)
    await connection.close()
  })

  proves('post-handshake-auth', {
    peer: 'gnutls-cli', role: 'server', version,
  }, 'requestClientCertificate() gives what --post-handshake-auth shows when it is asked', async () => {
    const server = await acceptOne(asking)
    const { peer } = await startGnutlsClient(
      server.port, version, ['--post-handshake-auth', '--x509certfile', client.certFile, '--x509keyfile', client.keyFile],
    )
    const connection = await server.connection
    expect((await connection.opened).peerCertificate).toBeUndefined()
    expect(await connection.requestClientCertificate()).toMatchObject({ subject: 'CN=client' })
    await send(connection.writable, 'welcome, client\n')
    await peer.wrote('welcome, client\n'.length)
    await connection.close()
  })
})

/** What onTrace has seen. */
function trace() {
  const events: TraceEvent[] = []
  const named = (wanted: 'sent' | 'received') =>
    events.flatMap((event) => ('direction' in event && event.direction === wanted ? [event.name] : []))
  return {
    onTrace: (event: TraceEvent) => { events.push(event) },
    named,
    updates: (wanted: 'sent' | 'received') => named(wanted).filter((name) => name === 'KeyUpdate').length,
  }
}
