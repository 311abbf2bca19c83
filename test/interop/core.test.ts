// What the core sets and tells beyond connect() and accept(), with peers that others wrote.

import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer as createTlsServer, connect as tlsConnect, TLSSocket } from 'node:tls'
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import {
  load, SSL_OP_NO_TICKET, SSL_OP_SERVER_PREFERENCE, SSL_VERIFY_FAIL_IF_NO_PEER_CERT, SSL_VERIFY_PEER, TLSEXT_cert_type_rpk,
  TLSEXT_cert_type_x509, X509Store, type LibSsl, type Ssl, type SslCtx,
} from '../../src/core.js'
import { ocsp, ocspFile } from '../../tools/revocation.js'
import { handshakeByHand } from '../helpers/by-hand.js'
import { authority } from '../helpers/certificates.js'
import { makeCtx } from '../helpers/link.js'
import { client, identities, only, versions } from './peers/matrix.js'
import { startOpenssl4Client, startOpenssl4Server } from './peers/openssl4.js'
import { dial, listening, serveTcp } from './peers/tcp.js'

let lib: LibSsl
beforeAll(async () => { lib = await load() })

const hex = '000102030405060708090a0b0c0d0e0f'
const key = Buffer.from(hex, 'hex')

describe.each(versions)('the core, %s', { timeout: 20_000 }, (version) => {
  const is12 = version === 'TLSv1.2'

  async function connectByHand(port: number, configure = (_: SslCtx) => {}, prepare = (_: Ssl) => {}): Promise<Ssl> {
    const socket = await dial(port)
    const ssl = await handshakeByHand(socket, makeCtx(lib, 'client', { version, client: { configure } }), 'localhost', prepare)
    socket.end() // s_server serves one after the other
    return ssl
  }

  /** A server for one connection. */
  async function acceptByHand(identity: { cert: string; key: string } | null, configure = (_: SslCtx) => {}, prepare = (_: Ssl) => {}) {
    let give!: (ssl: Promise<Ssl>) => void
    const ssl = new Promise<Ssl>((resolve) => { give = resolve })
    const ctx = makeCtx(lib, 'server', { version, identity, server: { configure } })
    return { port: await serveTcp((socket) => { give(handshakeByHand(socket, ctx, undefined, prepare)) }), ssl }
  }

  const show = (ctx: SslCtx) => {
    ctx.useCertificateChain(client.cert)
    ctx.usePrivateKey(client.key)
  }
  const askForCertificates = (ctx: SslCtx) => {
    const store = new X509Store(lib)
    store.addCerts(authority.ca.cert)
    ctx.set1CertStore(store)
    ctx.addToCaList(store)
    store.free()
    ctx.setVerify(SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT)
  }

  it('names the signatures of both ends, and the algorithms that they share, on a client', async () => {
    const { peer, port } = await startOpenssl4Server(
      identities.RSA, version, ['-Verify', '1', '-CAfile', authority.ca.certFile, '-client_sigalgs', 'RSA-PSS+SHA512:ECDSA+SHA256:ed25519'],
    )
    const ssl = await connectByHand(port, (ctx) => {
      show(ctx)
      ctx.set1SigalgsList('rsa_pss_rsae_sha384:rsa_pss_rsae_sha256')
      ctx.set1ClientSigalgsList('ed25519:ecdsa_secp256r1_sha256')
    })
    expect(ssl.get0PeerSignatureName()).toBe('rsa_pss_rsae_sha384')
    expect(ssl.get0SignatureName()).toBe('ecdsa_secp256r1_sha256')
    expect(ssl.getSharedSigalgs()).toEqual(['ECDSA+SHA256', 'Ed25519+UNDEF']) // in the server's order
    await peer.printed(/^Peer signature type: ecdsa_secp256r1_sha256$/m)
  })

  it('takes client signature algorithms for one connection', async () => {
    const { peer, port } = await startOpenssl4Server(identities.RSA, version, ['-Verify', '1', '-CAfile', authority.ca.certFile])
    await connectByHand(port, (ctx) => {
      show(ctx)
      ctx.set1SigalgsList('rsa_pss_rsae_sha256')
    }, (ssl) => ssl.set1ClientSigalgsList('ecdsa_secp256r1_sha256'))
    await peer.printed(/^Peer signature type: ecdsa_secp256r1_sha256$/m)
  })

  it('names the signatures of both ends, and the algorithms that they share, on a server', async () => {
    const server = await acceptByHand(identities.RSA, askForCertificates)
    await startOpenssl4Client(
      server.port, version, ['-cert', client.certFile, '-key', client.keyFile, '-sigalgs', 'RSA-PSS+SHA512:ECDSA+SHA256:ed25519'],
    )
    const ssl = await server.ssl
    expect(ssl.get0PeerSignatureName()).toBe('ecdsa_secp256r1_sha256')
    expect(ssl.get0SignatureName()).toBe('rsa_pss_rsae_sha512')
    expect(ssl.getSharedSigalgs()).toEqual(['RSA-PSS+SHA512', 'ECDSA+SHA256', 'Ed25519+UNDEF'])
  })

  it('names shared signature algorithms as node:tls does', async () => {
    const sigalgs = 'rsa_pss_rsae_sha256:RSA+SHA512:ecdsa_secp384r1_sha384:ed25519:ed448:rsa_pss_pss_sha256'
    const theirs = createTlsServer({ cert: identities.RSA.cert, key: identities.RSA.key, ...only(version) })
    onTestFinished(() => void theirs.close())
    const seen = new Promise<string[]>((resolve) => {
      theirs.once('secureConnection', (socket) => resolve((socket.on('error', () => {}) as TLSSocket).getSharedSigalgs()))
    })
    await connectByHand(await listening(theirs), (ctx) => ctx.set1SigalgsList(sigalgs))
    const ours = await acceptByHand(identities.RSA, (ctx) => ctx.setOptions(SSL_OP_SERVER_PREFERENCE)) // as Node's servers
    const raw = await dial(ours.port)
    tlsConnect({ socket: raw, ca: authority.ca.cert, servername: 'localhost', ...only(version), sigalgs }).on('error', () => {})
    expect((await ours.ssl).getSharedSigalgs()).toEqual(await seen)
  })

  it("tells the peer's ephemeral key as node:tls does", async () => {
    for (const [group, info] of [
      ['X25519', { type: 'ECDH', name: 'X25519', size: 253 }], ['P-384', { type: 'ECDH', name: 'secp384r1', size: 384 }],
    ] as const) {
      const { port } = await startOpenssl4Server(identities.RSA, version, ['-www', '-groups', group])
      expect((await connectByHand(port)).getPeerTmpKey()).toEqual(info)
      const raw = await dial(port)
      const nodes = tlsConnect({ socket: raw, ca: authority.ca.cert, servername: 'localhost' })
      await once(nodes, 'secureConnect')
      expect(nodes.getEphemeralKeyInfo()).toEqual(info)
      const server = await acceptByHand(identities.RSA)
      await startOpenssl4Client(server.port, version, ['-groups', group])
      expect((await server.ssl).getPeerTmpKey()).toEqual(is12 ? undefined : info)
    }
    if (is12) {
      const { port } = await startOpenssl4Server(identities.RSA, version, ['-www', '-cipher', 'DHE-RSA-AES128-GCM-SHA256'])
      expect((await connectByHand(port)).getPeerTmpKey()).toEqual({ type: 'DH', size: 2048 })
      const server = await acceptByHand(identities.RSA, (ctx) => ctx.setDhAuto(true))
      await startOpenssl4Client(server.port, version, ['-cipher', 'DHE-RSA-AES128-GCM-SHA256'])
      expect((await server.ssl).getCipher()).toBe('DHE-RSA-AES128-GCM-SHA256')
    } else {
      const { port } = await startOpenssl4Server(identities.RSA, version, ['-www', '-groups', 'X25519MLKEM768'])
      expect((await connectByHand(port)).getPeerTmpKey()).toBeUndefined()
      const server = await acceptByHand(identities.RSA)
      await startOpenssl4Client(server.port, version, ['-groups', 'X25519MLKEM768'])
      expect((await server.ssl).getPeerTmpKey()).toBeUndefined()
    }
  })

  it('has the Finished of both ends as the peer has them', async () => {
    const theirs = createTlsServer({ cert: identities.EC.cert, key: identities.EC.key, ...only(version) })
    onTestFinished(() => void theirs.close())
    const accepted = once(theirs, 'secureConnection') as Promise<[TLSSocket]>
    const ssl = await connectByHand(await listening(theirs))
    const [socket] = await accepted
    onTestFinished(() => void socket.destroy())
    expect(Buffer.from(ssl.getFinished()!)).toEqual(socket.getPeerFinished())
    expect(Buffer.from(ssl.getPeerFinished()!)).toEqual(socket.getFinished())
    expect(ssl.getFinished()).not.toEqual(ssl.getPeerFinished())
  })

  it('tells whether the peer knows RFC 5746', async () => {
    const { port } = await startOpenssl4Server(identities.EC, version)
    expect((await connectByHand(port)).getSecureRenegotiationSupport()).toBe(is12)
  })

  it('has no certificate types but X.509 where none were negotiated', async () => {
    const { port } = await startOpenssl4Server(identities.EC, version)
    const ssl = await connectByHand(port)
    expect([ssl.getNegotiatedServerCertType(), ssl.getNegotiatedClientCertType()]).toEqual([TLSEXT_cert_type_x509, TLSEXT_cert_type_x509])
  })

  it('tells which certificate types were negotiated', async () => {
    const { port } = await startOpenssl4Server(identities.EC, version, ['-www', '-enable_server_rpk'])
    const ssl = await connectByHand(port, (ctx) => {
      ctx.set1ServerCertType([TLSEXT_cert_type_rpk])
      ctx.setVerify(0)
    })
    expect([ssl.getNegotiatedServerCertType(), ssl.getNegotiatedClientCertType()]).toEqual([TLSEXT_cert_type_rpk, TLSEXT_cert_type_x509])
  })

  it('has the stapled OCSP response as it came, and as it was set', async () => {
    const response = ocspFile(authority, identities.EC)
    const { port } = await startOpenssl4Server(identities.EC, version, ['-www', '-status_file', response])
    const ssl = await connectByHand(port, () => {}, (one) => one.requestOcsp(1))
    expect(Buffer.from(ssl.getTlsextStatusOcspResp()!)).toEqual(readFileSync(response))
    expect((await connectByHand(port)).getTlsextStatusOcspResp()).toBeUndefined()
    const own = ocsp(authority, identities.EC)
    const server = await acceptByHand(identities.EC, () => {}, (one) => {
      one.setTlsextStatusCb(() => {
        one.setTlsextStatusOcspResp(own)
        return true
      })
    })
    await startOpenssl4Client(server.port, version, ['-status'])
    expect(Buffer.from((await server.ssl).getTlsextStatusOcspResp()!)).toEqual(Buffer.from(own))
  })

  it('has the names of CAs that a server accepts, as text and as DER', async () => {
    const { port } = await startOpenssl4Server(identities.EC, version, ['-Verify', '1', '-CAfile', authority.ca.certFile])
    const ssl = await connectByHand(port, show)
    const ctx = makeCtx(lib, 'server', { identity: authority.ca })
    onTestFinished(() => { ctx.free() })
    const [ca] = ctx.getCertChain()
    expect(ssl.get0PeerCaList()).toEqual([ca!.subject])
    const names = ssl.get0PeerCaListDer()
    expect(names).toHaveLength(1)
    expect(names[0]![0]).toBe(0x30) // a SEQUENCE, as it stands in the certificate
    expect(Buffer.from(ca!.raw).includes(Buffer.from(names[0]!))).toBe(true)
  })

  it('changes options of one connection', async () => {
    const tickets = async (prepare: (ssl: Ssl) => void) => {
      const server = await acceptByHand(identities.EC, () => {}, prepare)
      const peer = await startOpenssl4Client(server.port, version, ['-msg'])
      const ssl = await server.ssl
      await peer.printed(/^SSL handshake has read/m)
      return { ssl, peer }
    }
    const without = await tickets((ssl) => ssl.setOptions(SSL_OP_NO_TICKET))
    expect(without.ssl.getOptions() & SSL_OP_NO_TICKET).toBe(SSL_OP_NO_TICKET)
    if (is12) expect(without.peer.log).not.toMatch(/NewSessionTicket/)
    const again = await tickets((ssl) => {
      ssl.setOptions(SSL_OP_NO_TICKET)
      ssl.clearOptions(SSL_OP_NO_TICKET)
    })
    expect(again.ssl.getOptions() & SSL_OP_NO_TICKET).toBe(0n)
    await again.peer.printed(/NewSessionTicket/)
  })

  it('asks before each ticket whether to make one', async () => {
    for (const answer of [true, false]) {
      let asked = 0
      const server = await acceptByHand(identities.EC, () => {}, (ssl) => ssl.setSessionTicketCb(() => {
        asked++
        return answer
      }))
      const peer = await startOpenssl4Client(server.port, version, ['-msg'])
      await server.ssl
      expect(asked).toBe(is12 ? 1 : 2)
      await peer.printed(/^SSL handshake has read/m)
      // In TLS 1.2 the ServerHello has promised one: an empty one comes (RFC 5077 §3.3).
      if (answer) await peer.printed(/NewSessionTicket/)
      else if (!is12) expect(peer.log).not.toMatch(/NewSessionTicket/)
      if (is12) expect(/TLS session ticket:/.test(peer.log)).toBe(answer)
    }
  })
})

describe('pre-shared keys of TLS 1.2, by hand', { timeout: 20_000 }, () => {
  const version = 'TLSv1.2'
  const psk = { identity: 'somebody', key }
  const server = async (hint: (ctx: SslCtx) => void, prepare = (_: Ssl) => {}) => {
    const ctx = makeCtx(lib, 'server', { version, identity: null, server: { configure: (one) => { one.setCipherList('PSK'); hint(one) } } })
    return serveTcp((socket) => void handshakeByHand(socket, ctx, undefined, (ssl) => {
      ssl.setPskServerCallback(() => ({ key }))
      prepare(ssl)
    }).catch(() => {}))
  }
  const hintAt = async (port: number) => {
    const peer = await startOpenssl4Client(port, version, ['-psk', hex, '-psk_identity', psk.identity, '-cipher', 'PSK'])
    await peer.printed(/^ {4}PSK identity: somebody$/m)
    return (await peer.printed(/^ {4}PSK identity hint: (.*)$/m))[1]
  }

  it('come with a hint to the client, of the context or of one connection', async () => {
    expect(await hintAt(await server(() => {}))).toBe('None')
    expect(await hintAt(await server((ctx) => ctx.usePskIdentityHint('for all')))).toBe('for all')
    expect(await hintAt(await server((ctx) => ctx.usePskIdentityHint('for all'), (ssl) => ssl.usePskIdentityHint('for one'))))
      .toBe('for one')
    expect(await hintAt(await server((ctx) => ctx.usePskIdentityHint('for all'), (ssl) => ssl.usePskIdentityHint(undefined)))).toBe('None')
  })

  it('come with the hint of the server', async () => {
    const { port } = await startOpenssl4Server(
      null, version, ['-nocert', '-psk', hex, '-psk_identity', psk.identity, '-psk_hint', 'a hint'],
    )
    const hints: (string | undefined)[] = []
    const ctx = makeCtx(lib, 'client', { version, client: { configure: (one) => one.setCipherList('PSK') } })
    const ssl = await handshakeByHand(await dial(port), ctx, 'localhost', (one) => one.setPskClientCallback((hint) => {
      hints.push(hint)
      return psk
    }))
    expect(hints).toEqual(['a hint'])
    expect(ssl.getPskIdentity()).toBe('somebody')
  })

  it('refuse a hint that is longer than OpenSSL takes, or holds a NUL', () => {
    const ctx = makeCtx(lib, 'server', { version })
    onTestFinished(() => { ctx.free() })
    expect(() => ctx.usePskIdentityHint('x'.repeat(257))).toThrow(expect.objectContaining({ code: 'ERR_SSL_DATA_LENGTH_TOO_LONG' }))
    expect(() => ctx.usePskIdentityHint('a\0b')).toThrow(expect.objectContaining({ code: 'ERR_TLS_INVALID_ARGUMENT' }))
  })
})
