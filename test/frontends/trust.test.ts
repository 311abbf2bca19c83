// Whom a connection believes: names, anchors, pins, revocation lists, OCSP; both sides, in memory.

import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { accept, connect, memoryTransportPair, type ConnectOptions, type AcceptOptions, type ProtocolVersion } from '../../src/index.js'
import { authority, localhost, openssl, temporaryAuthority } from '../helpers/certificates.js'
import { crl, ocsp, pinOf } from '../../tools/revocation.js'
import { closeBoth, opened, peers, readAll, rejection, VERSIONS } from '../helpers/stream-peers.js'

const wild = authority.leaf({ name: 'wild', san: 'DNS:*.example.org,DNS:w*.partial.example,DNS:*,IP:10.0.0.7,IP:2001:db8::7' })
const intermediate = temporaryAuthority('an intermediate', authority)
const beneath = intermediate.leaf()
const chain = beneath.cert + intermediate.ca.cert
const stranger = temporaryAuthority('a stranger')
const twins = [
  temporaryAuthority('twin'), temporaryAuthority('twin'),
].map((twin) => ({ ca: twin.ca, leaf: twin.leaf({ extensions: 'authorityKeyIdentifier=none\n' }) }))
const stapler = authority.leaf({ name: 'stapler', extensions: 'tlsfeature=status_request\n' })
const responder = authority.leaf({ name: 'responder', extensions: 'extendedKeyUsage=OCSPSigning\n' })

const der = (pem: string) => new Uint8Array(Buffer.from(pem.replace(/-----[^-]+-----/g, ''), 'base64'))
const show = ({ cert, key }: { cert: string; key: string }) => ({ cert, key })

async function accepted(version: ProtocolVersion, client: Partial<ConnectOptions>, server: Partial<AcceptOptions> = {}) {
  const both = await opened({ version, client, server })
  const infos = { client: await both.client.opened, server: await both.server.opened }
  await closeBoth(both)
  return infos
}

/** What the client fails with, when the server has got an alert. */
async function refusedByClient(version: ProtocolVersion, client: Partial<ConnectOptions>, server: Partial<AcceptOptions> = {}) {
  const both = peers({ version, client, server })
  const error = await rejection(both.client.opened)
  expect(await rejection(both.server.opened.then(() => readAll(both.server.readable))))
    .toMatchObject({ name: 'PeerError', alert: { from: 'peer', level: 'fatal' } })
  return error
}

async function refusedByServer(version: ProtocolVersion, client: Partial<ConnectOptions>, server: Partial<AcceptOptions>) {
  const both = peers({ version, client, server })
  const error = await rejection(both.server.opened)
  expect(await rejection(both.client.opened.then(() => readAll(both.client.readable))))
    .toMatchObject({ name: 'PeerError', alert: { from: 'peer', level: 'fatal' } })
  return error
}

describe.each(VERSIONS)('%s', (version) => {
  describe('names', () => {
    it.each([
      'a.example.org', 'A.EXAMPLE.ORG', 'a.example.org.', '10.0.0.7', '2001:db8::7', '[2001:db8:0::7]',
    ])('%s matches', async (servername) => {
      await accepted(version, { servername }, show(wild))
    })

    it.each([
      'example.org', 'a.b.example.org', 'www.partial.example', 'com', '10.0.0.8', '2001:db8::8',
    ])('%s does not match', async (servername) => {
      expect(await refusedByClient(version, { servername }, show(wild)))
        .toMatchObject({ code: 'ERR_TLS_CERT_ALTNAME_INVALID', depth: 0, alert: { description: 42 } })
    })

    it('acceptedNames are verified in place of servername, which is asked for', async () => {
      const { server } = await accepted(
        version, { servername: 'front.example', acceptedNames: ['other.example', 'b.example.org'] }, show(wild),
      )
      expect(server.servername).toBe('front.example')
      await accepted(version, { servername: 'front.example', acceptedNames: ['10.1.1.1', '10.0.0.7'] }, show(wild))
      for (const acceptedNames of [['other.example', 'example.org'], ['10.1.1.1', '2001:db8::8']]) {
        expect(await refusedByClient(version, { servername: 'a.example.org', acceptedNames }, show(wild)))
          .toMatchObject({ code: 'ERR_TLS_CERT_ALTNAME_INVALID' })
      }
    })

    it('acceptedNames go without a servername: none is asked for', async () => {
      const [near, far] = memoryTransportPair()
      const server = accept(far, show(wild))
      const client = connect(near, { ca: authority.ca.cert, acceptedNames: 'a.example.org', minVersion: version, maxVersion: version })
      await client.opened
      expect((await server.opened).servername).toBeUndefined()
      await closeBoth({ client, server })
    })
  })

  describe('anchors', () => {
    it('a chain is completed by an intermediate in ca, if the server does not send it', async () => {
      expect(await refusedByClient(version, {}, show(beneath))).toMatchObject({ code: 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY' })
      await accepted(version, { ca: [authority.ca.cert, intermediate.ca.cert] }, show(beneath))
      await accepted(version, {}, { cert: chain, key: beneath.key })
    })

    it('an intermediate alone is no anchor without partialChain', async () => {
      expect(await refusedByClient(version, { ca: intermediate.ca.cert }, show(beneath)))
        .toMatchObject({ code: 'UNABLE_TO_GET_ISSUER_CERT' })
      await accepted(version, { ca: intermediate.ca.cert, partialChain: true }, show(beneath))
      await accepted(version, { ca: intermediate.ca.cert, partialChain: true }, { cert: chain, key: beneath.key })
    })

    it('the very certificate is an anchor with partialChain, for its names alone', async () => {
      expect(await refusedByClient(version, { ca: localhost.cert })).toMatchObject({ name: 'CertificateError' })
      await accepted(version, { ca: localhost.cert, partialChain: true })
      expect(await refusedByClient(version, { ca: localhost.cert, partialChain: true, servername: 'other.example' }))
        .toMatchObject({ code: 'ERR_TLS_CERT_ALTNAME_INVALID' })
    })

    it('two of one subject, told apart by no key identifier: the first counts, and the error says so', async () => {
      const [first, second] = twins.map(({ ca, leaf }) => ({ ca, own: show(leaf) }))
      const hint = { code: 'CERT_SIGNATURE_FAILURE', verifyCode: 7, depth: 0, message: expect.stringContaining('several trust anchors') }
      const both = [first!.ca.cert, second!.ca.cert]
      await accepted(version, { ca: both }, first!.own)
      expect(await refusedByClient(version, { ca: both }, second!.own)).toMatchObject(hint)
      expect(await refusedByServer(version, second!.own, { ca: both })).toMatchObject(hint)
      const alone = await refusedByClient(version, { ca: first!.ca.cert }, second!.own)
      expect(alone).toMatchObject({ code: 'CERT_SIGNATURE_FAILURE', message: expect.not.stringContaining('several') })
    })

    it('one that was made anew under its old name is unknown, and the error says that the old one is there', async () => {
      const [old, now] = [temporaryAuthority('a CA'), temporaryAuthority('a CA')]
      const hint = expect.stringContaining('Another trust anchor has the same name')
      const leaf = now.leaf()
      for (const [own, code] of [
        [show(leaf), 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY'],
        [{ cert: leaf.cert + now.ca.cert, key: leaf.key }, 'SELF_SIGNED_CERT_IN_CHAIN'],
        // A CA's key may sign certificates alone: TLS 1.2 looks at that first.
        ...version === 'TLSv1.3' ? [[show(now.ca), 'DEPTH_ZERO_SELF_SIGNED_CERT']] as const : [],
      ] as const) {
        expect(await refusedByClient(version, { ca: old.ca.cert }, own)).toMatchObject({ code, message: hint })
        expect(await refusedByClient(version, { ca: stranger.ca.cert }, own))
          .toMatchObject({ code, message: expect.not.stringContaining('the same name') })
      }
      expect(await refusedByServer(version, show(leaf), { ca: old.ca.cert })).toMatchObject({ message: hint })
    })

    it('additionalCa is beside ca, or beside the platform\'s', async () => {
      await accepted(version, { ca: stranger.ca.cert, additionalCa: [der(authority.ca.cert)] })
      await accepted(version, { ca: undefined as never, additionalCa: authority.ca.cert })
      expect(await refusedByClient(version, { ca: undefined as never, additionalCa: stranger.ca.cert }))
        .toMatchObject({ name: 'CertificateError' })
      // … and leaves the platform's as they were
      expect(await refusedByClient(version, { ca: undefined as never })).toMatchObject({ code: 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY' })
    })
  })

  describe('pins', () => {
    it('of the leaf, an intermediate or the root are found', async () => {
      for (const pair of [beneath, intermediate.ca, authority.ca]) {
        await accepted(
          version, { pins: ['sha256/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=', pinOf(pair)] }, { cert: chain, key: beneath.key },
        )
      }
      await accepted(version, { pins: pinOf(localhost).replace('sha256/', '') })
      await accepted(version, { pins: pinOf(localhost).replace('sha256/', 'sha256//') }) // as curl has them
    })

    it('that nobody has refuse', async () => {
      expect(await refusedByClient(version, { pins: pinOf(beneath) }, show(localhost)))
        .toMatchObject({ name: 'CertificateError', code: 'ERR_TLS_CERT_PIN_MISMATCH', alert: { description: 46 } })
    })

    it('of what is sent and is no part of the verified chain do not count', async () => {
      expect(await refusedByClient(version, { pins: pinOf(stranger.ca) }, { cert: localhost.cert + stranger.ca.cert, key: localhost.key }))
        .toMatchObject({ code: 'ERR_TLS_CERT_PIN_MISMATCH' })
    })

    it('do not stand in for verification', async () => {
      const own = stranger.leaf()
      expect(await refusedByClient(version, { pins: pinOf(own) }, show(own))).toMatchObject({ code: 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY' })
    })

    it('of a client', async () => {
      const server = { ca: authority.ca.cert, pins: pinOf(wild) }
      await accepted(version, show(wild), server)
      expect(await refusedByServer(version, show(beneath), { ...server, ca: [authority.ca.cert, intermediate.ca.cert] }))
        .toMatchObject({ code: 'ERR_TLS_CERT_PIN_MISMATCH' })
    })
  })

  describe('revocation lists', () => {
    const lists = () => [crl(authority, { revoked: [wild] }), crl(intermediate)]

    it('that do not name the certificate accept it', async () => {
      await accepted(version, { crl: lists() })
      await accepted(version, { crl: lists().join('') }, { cert: chain, key: beneath.key })
      await accepted(version, { crl: lists().map(der) }, { cert: chain, key: beneath.key })
      await accepted(version, show(localhost), { ca: authority.ca.cert, crl: lists() })
    })

    it('that name it refuse it, on both sides', async () => {
      const revoked = {
        name: 'CertificateError', code: 'CERT_REVOKED', verifyCode: 23, depth: 0, certificate: { subject: 'CN=wild' },
        alert: { description: 44 },
      }
      expect(await refusedByClient(version, { crl: lists(), servername: 'a.example.org' }, show(wild))).toMatchObject(revoked)
      expect(await refusedByServer(version, show(wild), { ca: authority.ca.cert, crl: lists() })).toMatchObject(revoked)
    })

    it('that name its issuer refuse it, unless the leaf alone is in question', async () => {
      const crls = [crl(authority, { revoked: [intermediate.ca] }), crl(intermediate)]
      expect(await refusedByClient(version, { crl: crls }, { cert: chain, key: beneath.key }))
        .toMatchObject({ code: 'CERT_REVOKED', depth: 1 })
      await accepted(version, { crl: crls, crlScope: 'leaf' }, { cert: chain, key: beneath.key })
    })

    it('that are missing, too old, too new or of another CA refuse', async () => {
      const one = async (...lists: string[]) => refusedByClient(version, { crl: lists }, { cert: chain, key: beneath.key })
      expect(await one(crl(authority))).toMatchObject({ code: 'UNABLE_TO_GET_CRL', depth: 0, alert: { description: 48 } })
      expect(await one(crl(intermediate))).toMatchObject({ code: 'UNABLE_TO_GET_CRL', depth: 1 })
      expect(await one(crl(authority), crl(intermediate, { from: -9, until: -2 }))).toMatchObject({ code: 'CRL_HAS_EXPIRED' })
      expect(await one(crl(authority), crl(intermediate, { from: 2, until: 9 }))).toMatchObject({ code: 'CRL_NOT_YET_VALID' })
      expect(await one(crl(stranger), crl(stranger))).toMatchObject({ code: 'UNABLE_TO_GET_CRL' })
    })
  })

  describe('client certificates', () => {
    const required = { ca: authority.ca.cert } as const

    it('that are optional may be absent, and are verified if they are shown', async () => {
      const server = { ...required, clientCertificate: 'optional' } as const
      expect((await accepted(version, {}, server)).server.peerCertificate).toBeUndefined()
      expect((await accepted(version, show(wild), server)).server)
        .toMatchObject({ peerCertificate: { subject: 'CN=wild' }, verifyResult: 'X509_V_OK' })
      expect(await refusedByServer(version, show(stranger.leaf()), server)).toMatchObject({ name: 'CertificateError', depth: 0 })
    })

    it('that are required must be shown', async () => {
      expect(await refusedByServer(version, {}, { ...required, clientCertificate: 'required' }))
        .toMatchObject({ code: 'ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE' })
    })

    it('of anybody, for verify to decide upon', async () => {
      const anybody = stranger.leaf({ name: 'anybody' })
      const server: Partial<AcceptOptions> = {
        clientCertificate: 'required', dangerouslyReplaceVerification: true, verify: async ([leaf]) => leaf!.subject === 'CN=anybody',
      }
      expect((await accepted(version, show(anybody), server)).server.peerCertificate).toMatchObject({ subject: 'CN=anybody' })
      expect(await refusedByServer(version, show(stranger.leaf({ name: 'other' })), server))
        .toMatchObject({ code: 'APPLICATION_VERIFICATION' })
    })

    it('are chosen when the server asks, by the names of its CAs', async () => {
      const server = { ca: [authority.ca.cert, stranger.ca.cert] } as const
      const asked: unknown[] = []
      const encrypted = openssl('pkcs8', '-topk8', '-in', wild.keyFile, '-passout', 'pass:secret')
      const { server: info } = await accepted(version, {
        onCertificateRequest: async (request) => { asked.push(request); return { cert: wild.cert, key: encrypted, passphrase: 'secret' } },
      }, server)
      expect(info.peerCertificate?.subject).toBe('CN=wild')
      expect(asked).toEqual([{
        servername: 'localhost', caNames: expect.arrayContaining(['CN=libssl-wasm test CA,O=libssl-wasm', 'CN=a stranger,O=libssl-wasm']),
      }])
    })

    it('bring their chain when they are chosen', async () => {
      const { server } = await accepted(version, { onCertificateRequest: () => ({ cert: chain, key: beneath.key }) }, required)
      expect(server.peerCertificateChain.map(({ subject }) => subject)).toEqual(['CN=localhost', 'CN=an intermediate'])
    })

    it('are not chosen where no server asks', async () => {
      let asked = 0
      await accepted(version, { onCertificateRequest: () => { asked++ } })
      expect(asked).toBe(0)
    })

    it('may be none when the server asks', async () => {
      const { server } = await accepted(
        version, { onCertificateRequest: async () => undefined }, { ...required, clientCertificate: 'optional' },
      )
      expect(server.peerCertificate).toBeUndefined()
    })

    it.each<[string, unknown, object]>([
      ['throws', () => { throw new Error('no') }, { message: 'no' }],
      ['rejects', async () => { throw new Error('no') }, { message: 'no' }],
      ['gives no key', () => ({ cert: wild.cert }), { code: 'ERR_TLS_INVALID_OPTION', option: 'key' }],
      ['gives no certificate', () => ({}), { code: 'ERR_TLS_INVALID_OPTION', option: 'onCertificateRequest' }],
      ['gives something else', async () => ({ certificate: wild.cert }),
        { code: 'ERR_TLS_INVALID_OPTION', option: 'onCertificateRequest' }],
      ['gives the key of another', () => ({ cert: wild.cert, key: localhost.key }), { name: 'ApiMisuseError', option: 'key' }],
      ['gives garbage', () => ({ cert: 'garbage', key: wild.key }), { name: 'ApiMisuseError', option: 'cert' }],
    ])('a choice that %s is the cause, and the server gets the alert', async (_, onCertificateRequest, cause) => {
      expect(await refusedByClient(version, { onCertificateRequest: onCertificateRequest as never }, required)).toMatchObject(cause)
    })
  })

  describe('OCSP', () => {
    const good = ocsp(authority, localhost)
    const require = { ocsp: 'require' } as const

    it.each(
      [['request', good], ['require', good], ['require', () => good]] as const,
    )('%s takes a good response', async (mode, ocspResponse) => {
      await accepted(version, { ocsp: mode }, { ocspResponse })
    })

    it('of one that the CA has charged with it, or that does not end', async () => {
      await accepted(version, require, { ocspResponse: ocsp(authority, localhost, { signer: responder }) })
      await accepted(version, require, { ocspResponse: ocsp(authority, localhost, { days: null }) })
    })

    it('may be missing if it is requested, not if it is required or promised', async () => {
      await accepted(version, { ocsp: 'request' })
      expect(await refusedByClient(version, require))
        .toMatchObject({ name: 'CertificateError', code: 'OCSP_NO_RESPONSE', depth: 0, alert: { from: 'us', description: 113 } })
      expect(await refusedByClient(version, require, { ocspResponse: () => undefined })).toMatchObject({ code: 'OCSP_NO_RESPONSE' })
      expect(await refusedByClient(version, { ocsp: 'request' }, show(stapler)))
        .toMatchObject({ code: 'OCSP_NO_RESPONSE', certificate: { subject: 'CN=stapler' } })
      await accepted(version, { ocsp: 'request' }, { ...show(stapler), ocspResponse: ocsp(authority, stapler) })
      await accepted(version, {}, show(stapler)) // nobody asked
    })

    it.each([
      ['revoked', { status: 'revoked' }, 'CERT_REVOKED'],
      ['unknown to its CA', { status: 'unknown' }, 'OCSP_CERT_UNKNOWN'],
      ['said to be good by a stranger', { signer: stranger.leaf({ extensions: 'extendedKeyUsage=OCSPSigning\n' }) },
        'OCSP_SIGNATURE_FAILURE'],
      ['said to be good by itself', { signer: localhost }, 'OCSP_SIGNATURE_FAILURE'],
      ['said to be good by whom nobody has charged', { signer: wild }, 'OCSP_SIGNATURE_FAILURE'],
    ] as const)('refuses what is %s, though it is only requested', async (_, told, code) => {
      expect(await refusedByClient(version, { ocsp: 'request' }, { ocspResponse: ocsp(authority, localhost, told) }))
        .toMatchObject({ name: 'CertificateError', code, depth: 0 })
    })

    it('refuses what its CA could not say', async () => {
      const tryLater = new Uint8Array([0x30, 3, 10, 1, 3])
      expect(await refusedByClient(version, { ocsp: 'request' }, { ocspResponse: tryLater })).toMatchObject({ code: 'OCSP_RESP_INVALID' })
    })

    it.each(
      [['OCSP_HAS_EXPIRED', 2, 1], ['OCSP_HAS_EXPIRED', 11, null], ['OCSP_NOT_YET_VALID', -0.5, 1]] as const,
    )('%s: refuses what is of another day', async (code, days, valid) => {
      const ocspResponse = ocsp(intermediate, beneath, { days: valid })
      vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + days * 86_400_000 })
      onTestFinished(() => void vi.useRealTimers())
      expect(
        await refusedByClient(
          version, { ocsp: 'request', ca: intermediate.ca.cert, partialChain: true }, { ...show(beneath), ocspResponse },
        ),
      ).toMatchObject({ code })
    })

    it('is found by the chain that was verified, below an intermediate', async () => {
      await accepted(version, require, { cert: chain, key: beneath.key, ocspResponse: ocsp(intermediate, beneath) })
      await accepted(
        version, { ...require, ca: intermediate.ca.cert, partialChain: true },
        { ...show(beneath), ocspResponse: ocsp(intermediate, beneath) },
      )
    })

    it.each<[string, unknown]>([
      ['throws', () => { throw new Error('no') }], ['gives garbage', () => new Uint8Array(5)], ['takes its time', async () => good],
    ])('a server\'s function that %s fails the handshake', async (what, ocspResponse) => {
      const error = await refusedByServer(version, require, { ocspResponse: ocspResponse as never })
      expect(error).toMatchObject(what === 'throws' ? { message: 'no' } : { name: 'ApiMisuseError', option: 'ocspResponse' })
    })
  })
})

describe('options that are refused before the first byte', () => {
  const [transport] = memoryTransportPair()
  it.each<[Partial<ConnectOptions>, string]>([
    [{ verify: () => true, dangerouslySkipVerification: true }, 'verify'],
    [{ pins: pinOf(localhost), dangerouslySkipVerification: true }, 'pins'],
    [{ crl: 'x', dangerouslySkipVerification: true }, 'crl'],
    [{ ocsp: 'request', dangerouslySkipVerification: true }, 'ocsp'],
    [{ acceptedNames: 'a', dangerouslySkipVerification: true }, 'acceptedNames'],
    [{ dangerouslyReplaceVerification: true }, 'verify'],
    [{ dangerouslyReplaceVerification: true, verify: () => true, pins: pinOf(localhost) }, 'pins'],
    [{ crlScope: 'leaf' }, 'crlScope'],
    [{ acceptedNames: ['localhost', '127.0.0.1'] }, 'acceptedNames'],
    [{ onCertificateRequest: () => {}, cert: localhost.cert, key: localhost.key }, 'onCertificateRequest'],
  ])('of a client %#', (options, option) => {
    expect(() => connect(transport, { servername: 'localhost', ca: authority.ca.cert, ...options }))
      .toThrow(expect.objectContaining({ code: 'ERR_TLS_INVALID_OPTION', option }))
  })

  it.each<[Partial<AcceptOptions>, string]>([
    [{ clientCertificate: 'optional' }, 'ca'], [{ verify: () => true }, 'verify'], [{ pins: pinOf(localhost) }, 'pins'],
    [{ crl: 'x' }, 'crl'], [{ additionalCa: 'x' }, 'additionalCa'],
  ])('of a server %#', (options, option) => {
    expect(() => accept(transport, { ...show(localhost), ...options }))
      .toThrow(expect.objectContaining({ code: 'ERR_TLS_INVALID_OPTION', option }))
  })

  const list = der(crl(authority))
  const response = ocsp(authority, localhost)
  it.each([0, 1, 2, 10, 60, 100])('lists and responses that are cut after %i bytes, or go on', async (cut) => {
    for (const broken of [
      list.subarray(0, -1 - cut), new Uint8Array([...list, 0]),
      new Uint8Array([...list.subarray(0, cut + 1).map((byte) => byte ^ 0xff), ...list.subarray(cut + 1)]),
    ]) {
      expect(await rejection(peers({ client: { crl: broken } }).client.opened)).toMatchObject({ name: 'ApiMisuseError', option: 'crl' })
    }
    for (const broken of [response.subarray(0, -1 - cut), new Uint8Array([...response, 0])]) {
      expect(await rejection(peers({ server: { ocspResponse: broken } }).server.opened))
        .toMatchObject({ name: 'ApiMisuseError', option: 'ocspResponse' })
    }
  })

  it('a list that is a certificate, and anchors that are a list', async () => {
    expect(await rejection(peers({ client: { crl: authority.ca.cert } }).client.opened))
      .toMatchObject({ name: 'ApiMisuseError', option: 'crl' })
    expect(await rejection(peers({ client: { additionalCa: crl(authority) } }).client.opened))
      .toMatchObject({ name: 'ApiMisuseError', option: 'additionalCa' })
    expect(await rejection(peers({ client: { crl: crl(authority).slice(0, -40) } }).client.opened))
      .toMatchObject({ name: 'ApiMisuseError', option: 'crl' })
  })
})
