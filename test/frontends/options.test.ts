import { createPublicKey } from 'node:crypto'
import { beforeAll, describe, expect, it } from 'vitest'
import {
  accept, ApiMisuseError, connect, createContext, load, memoryTransportPair, TicketKeys, type AcceptOptions, type ConnectOptions,
  type LibSsl,
} from '../../src/index.js'
import { authority, localhost, openssl, temporaryAuthority } from '../helpers/certificates.js'
import { clientOptions, opened, peers, readAll, rejection, serverOptions } from '../helpers/stream-peers.js'
import { caught } from '../helpers/traps.js'

const bytes = new Uint8Array([1])
const notStrings = [1, true, {}, [], null, '', 'a\0b']
const notCertificates = [1, true, {}, null, '', new Uint8Array()]

/** For every option there is: what it must not be. */
const wrong: Readonly<Record<keyof ConnectOptions, readonly unknown[]>> = {
  servername: [...notStrings, 'bücher.example', 'with space', ' localhost', 'localhost\n', '.localhost', bytes],
  ca: [...notCertificates, [], [''], ['x', 1], [['x']]],
  cert: [...notCertificates, ['x']],
  key: [...notCertificates, ['x']],
  passphrase: [1, true, {}, null, ['x']],
  pfx: [1, true, {}, null, '', 'text', new Uint8Array(), [bytes]],
  useExpiredCert: [1, 'yes', null, {}],
  rawPublicKey: [1, 'yes', null, {}],
  acceptedRawPublicKeys: [...notCertificates, [], [''], ['x', 1]],
  alpnProtocols: ['h2', [], [''], [1], ['x'.repeat(256)], null, {}],
  minVersion: ['TLSv1', 'TLSv1.1', 'tlsv1.2', 771, null],
  maxVersion: ['SSLv3', 'TLSv1.4', 772, null],
  ciphers: [...notStrings, bytes, 'ECDHE+AESGCM:@SECLEVEL=0'],
  ciphersuites: [...notStrings, bytes],
  groups: [...notStrings, bytes],
  signatureAlgorithms: [...notStrings, bytes],
  clientSignatureAlgorithms: [...notStrings, bytes],
  dangerouslyAllowLegacyRenegotiation: [1, 'yes', null, {}],
  dangerouslyAllowTruncation: [1, 'yes', null, {}],
  securityLevel: [0, 1, 6, 2.5, NaN, '3', null],
  dangerouslyLowSecurityLevel: [-1, 2, 0.5, '0', true, null],
  maxFragmentLength: [0, 511, 16_384, '512', null],
  maxSendFragmentBytes: [0, 511, 16_385, 600.5, '512', null],
  recordPaddingBytes: [0, -1, 16_385, 1.5, true, null],
  postHandshakeAuth: [1, 'yes', null, {}],
  psk: [1, 'x', bytes, null, {}, [], { identity: 'x' }, { key: new Uint8Array(16) }, { identity: '', key: new Uint8Array(16) },
    { identity: 'a\0', key: new Uint8Array(16) }, { identity: 'x'.repeat(256), key: new Uint8Array(16) },
    { identity: 'x', key: new Uint8Array(15) }, { identity: 'x', key: new Uint8Array(513) }, { identity: 'x', key: '0123456789abcdef' },
    { identity: 'x', key: new Uint8Array(16), hash: 'SHA-1' }, { identity: 'x', key: new Uint8Array(16), name: 'x' }],
  signal: [{}, true, { aborted: false, addEventListener() {} }, null],
  handshakeTimeoutMs: [-1, 0.5, NaN, Infinity, 2 ** 31, '1', null],
  closeTimeoutMs: [-1, 0.5, NaN, Infinity, 2 ** 31, '1', null],
  context: [{}, true, null, { free() {} }],
  highWaterMarkBytes: [0, -1, 0.5, NaN, Infinity, 64 * 1024 * 1024 + 1, '1', null],
  maxCertificateListBytes: [0, -1, 0.5, NaN, Infinity, 2 ** 24, '1', null],
  libssl: [{}, true, null, load],
  onIo: [{}, true, null],
  onTrace: [{}, 'on', null],
  onKeylog: [{}, 'keys.log', null],
  keylogFile: [1, '', 'a\0b', null, {}, () => {}],
  dangerouslySkipVerification: [1, 'yes', null, {}],
  session: [{}, 'TLSs', true, null, new Uint8Array(), new Uint8Array(100)],
  onSession: [{}, true, null],
  sessionStore: [new Map(), {}, true, null, { take() {} }],
  sessionKey: notStrings,
  ech: [
    ...notStrings, 'on', bytes, { configList: 1 }, { configList: '' }, { configList: '*' }, { configList: bytes }, { configList: 'AAA=' },
    { configList: new Uint8Array(8) }, { configList: 'AEX+DQBB', outer: 'x' }, { configList: 'AEX+DQBB' },
  ],
  earlyData: [1, 'GET /', {}, null, new Uint8Array()],
  acceptedNames: [
    ...notStrings, [''], ['localhost', 1], ['.localhost'], ['localhost', 'bücher.example'], bytes, ['localhost', '127.0.0.1'],
  ],
  additionalCa: [...notCertificates, [], [''], ['x', 1]],
  partialChain: [1, 'yes', null],
  crl: [...notCertificates, [], [''], ['x', 1]],
  crlScope: ['all', true, null, 'leaf'],
  pins: [
    '', 'x', 'sha256/', 'sha1/AAAAAAAAAAAAAAAAAAAAAAAAAAA=', `sha256/${'A'.repeat(42)}=`, `${'A'.repeat(44)}=`, [], [1], null, 1, bytes,
  ],
  verify: [{}, true, null],
  dangerouslyReplaceVerification: [1, 'yes', null],
  ocsp: [true, '', 'yes', null],
  onCertificateRequest: [{}, true, null],
}
const clientOnly: readonly string[] = [
  'dangerouslyAllowLegacyRenegotiation',
  'maxFragmentLength',
  'servername', 'dangerouslySkipVerification', 'session', 'onSession', 'sessionStore', 'sessionKey', 'earlyData',
  'acceptedNames', 'ocsp', 'onCertificateRequest', 'ech',
]
/** The same, for what a server alone has. */
const { cert, key } = localhost
const wrongOfServers: Readonly<Record<Exclude<keyof AcceptOptions, keyof ConnectOptions>, readonly unknown[]>> = {
  echKeys: [...notCertificates, [], [''], { pem: '' }, { pem: 'x', forRetry: 1 }, { pem: 'x', retry: true }],
  onClientHello: [{}, true, null, 'x'],
  ticketKeys: [{}, true, null, new Uint8Array(86)],
  sessionCache: [new WeakMap(), {}, true, null, { get() {}, put() {} }],
  numTickets: [-1, 17, 0.5, '2', null],
  maxEarlyDataBytes: [-1, 0.5, NaN, 1024 * 1024 + 1, '1', null],
  dangerouslyAllowReplay: [1, 'yes', null, {}],
  clientCaNames: [...notCertificates, [''], ['x', 1], 'x', []],
  clientCertificate: ['no', true, null, 'Required'],
  ocspResponse: ['x', {}, true, null, new Uint8Array()],
  identities: [[], null, 1, 'x', [bytes], {}, [{}], [{ cert }], [{ key }], [{ cert, key, pfx: bytes }], [{ cert, key, name: 'x' }],
    [{ cert: 1, key }], [{ pfx: 'text' }], [{ cert, key, passphrase: 1 }], [{ cert, key }, null]],
}

const roles = {
  connect: (options: Partial<ConnectOptions>) => connect(memoryTransportPair()[0], { ...clientOptions(), ...options }),
  accept: (options: Partial<AcceptOptions>) => accept(memoryTransportPair()[0], { ...serverOptions(), ...options }),
}

describe.each(Object.entries(roles))('%s', (role, start) => {
  const refused = (options: unknown) => {
    try {
      start(options as never)
    } catch (error) {
      expect(error).toBeInstanceOf(ApiMisuseError)
      return error as ApiMisuseError
    }
    throw new Error('was accepted')
  }

  it.each(Object.entries(wrong).flatMap(([name, values]) => values.map((value) => [name, value] as const))
    .filter(([name]) => role === 'connect' || !clientOnly.includes(name)))('refuses for option %s the value %j', (name, value) => {
    expect(refused({ [name]: value }))
      .toMatchObject({ code: 'ERR_TLS_INVALID_OPTION', option: name, message: expect.stringContaining(`'${name}'`) })
  })

  it.each(
    Object.entries(role === 'accept' ? wrongOfServers : {}).flatMap(([name, values]) => values.map((value) => [name, value] as const)),
  )('refuses for option %s the value %j', (name, value) => {
    expect(refused({ [name]: value })).toMatchObject({ code: 'ERR_TLS_INVALID_OPTION', option: name })
  })

  it.each(['rejectUnauthorized', 'Servername', 'host', ''])('refuses an option that there is not: %j', (name) => {
    expect(refused({ [name]: undefined })).toMatchObject({ code: 'ERR_TLS_UNKNOWN_OPTION', option: name })
  })

  it('takes undefined for absent', async () => {
    const connection = start(
      Object.fromEntries(
        Object.keys(wrong).filter((name) => !(role === 'accept' ? clientOnly : []).includes(name)
        && !['servername', 'cert', 'key', 'dangerouslySkipVerification', 'ca'].includes(name)).map((name) => [name, undefined]),
      ),
    )
    connection.abort()
    await rejection(connection.opened)
  })

  it.each([undefined, null, 'localhost'])('refuses %j for options', (options) => {
    const call = () => (role === 'connect' ? connect : accept)(memoryTransportPair()[0], options as never)
    expect(call).toThrow(expect.objectContaining({ code: 'ERR_TLS_INVALID_ARGUMENT' }))
  })

  it('refuses options that contradict each other', () => {
    expect(refused({ minVersion: 'TLSv1.3', maxVersion: 'TLSv1.2' }))
      .toMatchObject({ code: 'ERR_TLS_INVALID_OPTION', option: 'minVersion' })
    expect(refused({ minVersion: 'TLSv1.3', ciphers: 'ECDHE+AESGCM' })).toMatchObject({ code: 'ERR_TLS_INVALID_OPTION', option: 'ciphers' })
    expect(refused({ maxVersion: 'TLSv1.2', ciphersuites: 'TLS_AES_128_GCM_SHA256' }))
      .toMatchObject({ code: 'ERR_TLS_INVALID_OPTION', option: 'ciphersuites' })
    expect(refused({ maxVersion: 'TLSv1.2', groups: '*X25519MLKEM768:?MLKEM1024' }))
      .toMatchObject({ code: 'ERR_TLS_INVALID_OPTION', option: 'groups' })
    expect(refused({ maxVersion: 'TLSv1.2', signatureAlgorithms: 'mldsa44:mldsa65' }))
      .toMatchObject({ code: 'ERR_TLS_INVALID_OPTION', option: 'signatureAlgorithms' })
    expect(refused({ minVersion: 'TLSv1.3', signatureAlgorithms: 'RSA+SHA256:rsa_pkcs1_sha512' }))
      .toMatchObject({ code: 'ERR_TLS_INVALID_OPTION', option: 'signatureAlgorithms' })
    expect(refused({ maxVersion: 'TLSv1.2', clientSignatureAlgorithms: 'mldsa44' }))
      .toMatchObject({ code: 'ERR_TLS_INVALID_OPTION', option: 'clientSignatureAlgorithms' })
    expect(refused({ cert: undefined, key: undefined, clientSignatureAlgorithms: 'RSA+SHA256' }))
      .toMatchObject({ code: 'ERR_TLS_INVALID_OPTION' })
    expect(refused({ securityLevel: 3, dangerouslyLowSecurityLevel: 1 }))
      .toMatchObject({ code: 'ERR_TLS_INVALID_OPTION', option: 'dangerouslyLowSecurityLevel' })
    expect(refused({ cert: 'x', key: undefined })).toMatchObject({ code: 'ERR_TLS_INVALID_OPTION', option: 'key' })
    expect(refused({ cert: undefined, key: 'x' })).toMatchObject({ code: 'ERR_TLS_INVALID_OPTION', option: 'cert' })
    expect(refused({ cert: 'x', key: undefined, pfx: bytes })).toMatchObject({ code: 'ERR_TLS_INVALID_OPTION', option: 'pfx' })
    expect(refused({ cert: undefined, key: 'x', pfx: bytes })).toMatchObject({ code: 'ERR_TLS_INVALID_OPTION', option: 'pfx' })
    expect(refused({ cert: undefined, key: undefined, rawPublicKey: true }))
      .toMatchObject({ code: 'ERR_TLS_INVALID_OPTION', option: 'rawPublicKey' })
    expect(refused({ pins: `${'A'.repeat(43)}=`, acceptedRawPublicKeys: 'x' }))
      .toMatchObject({ code: 'ERR_TLS_INVALID_OPTION', option: 'pins' })
    expect(refused({ cert: undefined, key: undefined, passphrase: 'x' })).toMatchObject({ code: 'ERR_TLS_INVALID_OPTION' })
  })

  it('takes options from a plain object only: of others it would not see what they inherit', () => {
    const options = role === 'connect' ? clientOptions() : serverOptions()
    class WithMethod { verify() { return false } }
    for (const other of [
      Object.assign(new WithMethod(), options), Object.assign(Object.create({ pins: 'x' }), options), [], new Map(), null, 'x', undefined,
    ]) {
      const [transport] = memoryTransportPair()
      expect(() => (role === 'connect' ? connect : accept)(transport, other as never))
        .toThrow(expect.objectContaining({ code: 'ERR_TLS_INVALID_ARGUMENT' }))
    }
  })

  it('gives the transport up when it refuses', async () => {
    const [transport, peer] = memoryTransportPair()
    const error = caught(() => (role === 'connect' ? connect : accept)(transport, { ciphers: 1 } as never))
    expect(error).toMatchObject({ code: 'ERR_TLS_INVALID_OPTION' })
    expect(await rejection(peer.readable.getReader().read())).toBe(error)
    expect(await rejection(peer.writable.getWriter().closed)).toBe(error)
  })
})

describe('connect', () => {
  it('refuses sessionKey without sessionStore', () => {
    expect(() => connect(memoryTransportPair()[0], clientOptions({ client: { sessionKey: 'x' } })))
      .toThrow(expect.objectContaining({ option: 'sessionKey' }))
  })

  it.each<Partial<ConnectOptions>>([
    { psk: { identity: 'x', key: new Uint8Array(16) } }, { acceptedRawPublicKeys: 'x' },
  ])('wants no ca that nobody would look at, beside %o', (options) => {
    const call = () => connect(memoryTransportPair()[0], { ca: authority.ca.cert, ...options })
    expect(call).toThrow(expect.objectContaining({ code: 'ERR_TLS_INVALID_OPTION', option: 'ca' }))
  })

  it.each<Partial<ConnectOptions>>([
    { cert: 'x', key: 'x' }, { pfx: bytes }, { key: 'x', rawPublicKey: true },
  ])('has no use for onCertificateRequest beside %o', (options) => {
    const call = () => connect(memoryTransportPair()[0], clientOptions({ client: { onCertificateRequest: () => {}, ...options } }))
    expect(call).toThrow(expect.objectContaining({ code: 'ERR_TLS_INVALID_OPTION', option: 'onCertificateRequest' }))
  })

  it('wants a servername', () => {
    const call = () => connect(memoryTransportPair()[0], { ca: authority.ca.cert })
    expect(call).toThrow(expect.objectContaining({ code: 'ERR_TLS_INVALID_OPTION', option: 'servername' }))
  })

  it('is not swayed by what happens to the options afterwards', async () => {
    const ca = [new TextEncoder().encode(authority.ca.cert)]
    const options = { ...clientOptions(), servername: 'localhost', ca }
    const [near, far] = memoryTransportPair()
    const server = accept(far, serverOptions())
    const client = connect(near, options)
    options.servername = 'elsewhere'
    ca[0]!.fill(0)
    ca.pop()
    await client.opened
    expect((await server.opened).servername).toBe('localhost')
    await Promise.all([client.close(), server.close()])
  })
})

describe('accept', () => {
  it.each([
    ['numTickets', { numTickets: 1 }], ['maxEarlyDataBytes', { maxEarlyDataBytes: 1 }],
    ['maxEarlyDataBytes', { maxEarlyDataBytes: 1, ticketKeys: new TicketKeys() }],
    ['dangerouslyAllowReplay', { dangerouslyAllowReplay: true }],
  ] as const)('refuses %s without what it needs', (option, options) => {
    expect(() => accept(memoryTransportPair()[0], serverOptions({ server: options })))
      .toThrow(expect.objectContaining({ code: 'ERR_TLS_INVALID_OPTION', option }))
  })

  it('wants a certificate', () => {
    const call = () => accept(memoryTransportPair()[0], {} as AcceptOptions)
    expect(call).toThrow(expect.objectContaining({ code: 'ERR_TLS_INVALID_OPTION', option: 'cert' }))
  })

  it.each(clientOnly)('knows no %s', (name) => {
    const call = () => accept(memoryTransportPair()[0], { ...serverOptions(), [name]: 'x' } as AcceptOptions)
    expect(call).toThrow(expect.objectContaining({ code: 'ERR_TLS_UNKNOWN_OPTION', option: name }))
  })
})

describe('an option that OpenSSL refuses', () => {
  const encrypted = openssl('pkey', '-in', localhost.keyFile, '-aes256', '-passout', 'pass:secret')
  const publicKey = new Uint8Array(createPublicKey(localhost.cert).export({ type: 'spki', format: 'der' }))
  const broken = authority.ca.cert.replace(/\n(.{30})/, '\n$1!!')

  const cases: readonly (readonly [what: string, option: string, role: 'connect' | 'accept', options: Record<string, unknown>])[] = [
    ['unknown ciphers', 'ciphers', 'connect', { ciphers: 'NO-SUCH-CIPHER' }],
    ['unknown ciphers', 'ciphers', 'accept', { ciphers: 'NO-SUCH-CIPHER' }],
    ['unknown ciphersuites', 'ciphersuites', 'connect', { ciphersuites: 'TLS_NO_SUCH_SUITE' }],
    ['unknown groups', 'groups', 'connect', { groups: 'no-such-group' }],
    ['TLS 1.3 suites for TLS 1.2', 'ciphers', 'connect', { ciphers: 'TLS_AES_128_GCM_SHA256' }],
    ['a list of groups that is cut off', 'groups', 'connect', { groups: 'X25519:secp256' }],
    ['more groups than a hello can hold', 'groups', 'connect', { groups: Array(4096).fill('no-such-group').join(':') }],
    ['unknown signature algorithms', 'signatureAlgorithms', 'connect', { signatureAlgorithms: 'ecdsa_secp256r1_sha256:no_such' }],
    ['unknown signature algorithms', 'signatureAlgorithms', 'accept', { signatureAlgorithms: 'ECDSA+' }],
    ["unknown signature algorithms of clients' certificates", 'clientSignatureAlgorithms', 'connect',
      { cert: localhost.cert, key: localhost.key, clientSignatureAlgorithms: 'no_such' }],
    ["signature algorithms of clients' certificates that the security level forbids", 'clientSignatureAlgorithms', 'accept',
      { ca: authority.ca.cert, clientSignatureAlgorithms: 'ECDSA+SHA1' }],
    ['suites that the security level forbids', 'ciphersuites', 'connect',
      { ciphersuites: 'TLS_AES_128_GCM_SHA256', minVersion: 'TLSv1.3', securityLevel: 4 }],
    ['groups that the security level forbids', 'groups', 'connect', { groups: 'X25519:secp256r1', securityLevel: 4 }],
    ['groups that the security level forbids', 'groups', 'accept', { groups: 'X25519:secp256r1', securityLevel: 4 }],
    ['signature algorithms that the security level forbids', 'signatureAlgorithms', 'connect',
      { signatureAlgorithms: 'ecdsa_secp256r1_sha256', securityLevel: 4 }],
    ['a servername that OpenSSL has for none', 'servername', 'connect', { servername: 'x' }],
    ['signature algorithms that the default security level forbids', 'signatureAlgorithms', 'connect', { signatureAlgorithms: 'RSA+SHA1' }],
    ['signature algorithms that the default security level forbids', 'signatureAlgorithms', 'accept',
      { signatureAlgorithms: 'ECDSA+SHA1' }],
    ['suites of TLS 1.3 that the security level forbids', 'ciphersuites', 'connect',
      { ciphersuites: 'TLS_AES_128_GCM_SHA256', securityLevel: 4 }],
    ['a servername with a port', 'servername', 'connect', { servername: 'localhost:443' }],
    ['a servername that is a URL', 'servername', 'connect', { servername: 'https://localhost' }],
    ['a servername that is a URL, though it is only asked for', 'servername', 'connect',
      { servername: 'https://localhost', acceptedNames: 'localhost' }],
    ['a servername with a port, though it is only asked for', 'servername', 'connect',
      { servername: 'localhost:443', acceptedNames: 'localhost' }],
    ['a servername that is no host name, though it is only asked for', 'servername', 'connect',
      { servername: 'a..b', acceptedNames: 'localhost' }],
    ['an accepted name that is a URL', 'acceptedNames', 'connect', { acceptedNames: ['localhost', 'https://localhost'] }],
    ['a certificate that the security level forbids', 'cert', 'accept', { securityLevel: 4 }],
    ['a raw public key that is none', 'acceptedRawPublicKeys', 'connect', { acceptedRawPublicKeys: 'no key' }],
    ['a raw public key that is a certificate', 'acceptedRawPublicKeys', 'accept', { acceptedRawPublicKeys: localhost.cert }],
    ['a raw public key that is cut off', 'acceptedRawPublicKeys', 'connect',
      { acceptedRawPublicKeys: [publicKey, publicKey.subarray(0, 40)] }],
    ['a raw public key with something behind it', 'acceptedRawPublicKeys', 'accept',
      { acceptedRawPublicKeys: Uint8Array.of(...publicKey, 0) }],
    ['a ca that is no PEM', 'ca', 'connect', { ca: 'no certificate' }],
    ['a ca that is broken', 'ca', 'connect', { ca: [authority.ca.cert, broken] }],
    ['a ca that is no DER', 'ca', 'accept', { ca: new Uint8Array([1, 2, 3]) }],
    ['a cert that is no PEM', 'cert', 'accept', { cert: 'no certificate' }],
    ['a cert that is a key', 'cert', 'accept', { cert: localhost.key }],
    ['a key that is no PEM', 'key', 'accept', { key: 'no key' }],
    ['a key that is a certificate', 'key', 'accept', { key: localhost.cert }],
    ['a servername that looks like an address and is none', 'servername', 'connect', { servername: '999.1.1.1' }],
    ['a servername that is longer than names are', 'servername', 'connect', { servername: 'a'.repeat(300) }],
    ['more protocols than a hello can hold', 'alpnProtocols', 'connect', { alpnProtocols: Array(400).fill('x'.repeat(255)) }],
  ]

  it.each(cases)('%s: %s', async (_, option, role, options) => {
    for (const libssl of [undefined, await load()]) {
      const [near, far] = memoryTransportPair()
      const connection = role === 'connect'
        ? connect(near, { ...clientOptions(), ...options, ...(libssl && { libssl }) })
        : accept(near, { ...serverOptions(), ...options, ...(libssl && { libssl }) } as AcceptOptions)
      const error = await rejection(connection.opened)
      expect(error).toBeInstanceOf(ApiMisuseError)
      expect(error).toMatchObject({ option })
      expect(await rejection(connection.closed)).toBe(error)
      expect(await rejection(readAll(connection.readable))).toBe(error)
      expect(await rejection(connection.writable.getWriter().closed)).toBe(error)
      expect(await rejection(connection.close())).toBe(error)
      // And the transport was given up.
      await rejection(far.readable.getReader().read())
    }
  })

  it.each([
    ['https://example.com', 'is a URL', 'example.com'], ['WSS://user:pw@a.example:8443/path?query#fragment', 'is a URL', 'a.example'],
    ['https://[::1]:443/', 'is a URL', '[::1]'], ['example.com:443', 'has a port', 'example.com'],
    ['192.0.2.1:443', 'has a port', '192.0.2.1'], ['[::1]:443', 'has a port', '[::1]'], ['example.com/path', 'alone', 'example.com'],
    ['user@example.com', 'alone', 'example.com'], [' example.com ', 'white space', 'example.com'],
    ['bücher.example', 'A-label', 'xn--bcher-kva.example'],
    ['https://bücher.example/', 'A-label', 'xn--bcher-kva.example'],
  ])('and what to give in place of the servername %j', async (servername, wrong, right) => {
    const begin = async () => await connect(memoryTransportPair()[0], clientOptions({ client: { servername } })).opened
    const error = await rejection(begin())
    expect(error).toMatchObject({ name: 'ApiMisuseError', code: 'ERR_TLS_INVALID_OPTION', option: 'servername' })
    expect((error as Error).message).toContain(wrong)
    expect((error as Error).message).toMatch(new RegExp(`: give '${right.replace(/[[\]]/g, '\\$&')}'$`))
  })

  it('and one that it takes: an encrypted key with its passphrase, as text or as bytes', async () => {
    for (const passphrase of ['secret', new TextEncoder().encode('secret')]) {
      const { client, server } = await opened({ server: { key: encrypted, passphrase } })
      await Promise.all([client.close(), server.close()])
    }
  })

  it('and ones that it takes: certificates and keys as DER', async () => {
    const pemBody = (pem: string) => Buffer.from(pem.replace(/-----[^-]+-----/g, ''), 'base64')
    const { client, server } = await opened({
      client: { ca: pemBody(authority.ca.cert) }, server: { cert: pemBody(localhost.cert), key: pemBody(localhost.key) },
    })
    await Promise.all([client.close(), server.close()])
  })
})

describe('an option that is negotiated', () => {
  let libssl: LibSsl
  beforeAll(async () => { libssl = await load() })
  const agree = async (client: Partial<ConnectOptions>, server: Partial<AcceptOptions> = {}) => {
    const both = await opened({ client: { libssl, ...client }, server: { libssl, ...server } })
    const info = await both.client.opened
    expect(await both.server.opened).toMatchObject({ protocol: info.protocol, cipher: info.cipher, alpnProtocol: info.alpnProtocol })
    await Promise.all([both.client.close(), both.server.close()])
    return info
  }
  const disagree = async (client: Partial<ConnectOptions>, server: Partial<AcceptOptions>) => {
    const both = peers({ client: { libssl, ...client }, server: { libssl, ...server } })
    const errors = await Promise.all([rejection(both.client.opened), rejection(both.server.opened)])
    for (const error of errors) expect(error).toMatchObject({ name: 'PeerError' })
    return errors
  }

  it('protocol: TLSv1.3 unless somebody stays below', async () => {
    expect(await agree({})).toMatchObject({ protocol: 'TLSv1.3' })
    expect(await agree({ maxVersion: 'TLSv1.2' })).toMatchObject({ protocol: 'TLSv1.2' })
    expect(await agree({}, { maxVersion: 'TLSv1.2' })).toMatchObject({ protocol: 'TLSv1.2' })
    expect(await agree({ minVersion: 'TLSv1.3' })).toMatchObject({ protocol: 'TLSv1.3' })
    await disagree({ maxVersion: 'TLSv1.2' }, { minVersion: 'TLSv1.3' })
    await disagree({ minVersion: 'TLSv1.3' }, { maxVersion: 'TLSv1.2' })
  })

  it('group: X25519MLKEM768 unless somebody does not know it', async () => {
    expect(await agree({})).toMatchObject({ group: 'X25519MLKEM768' })
    expect(await agree({ groups: 'secp384r1' })).toMatchObject({ group: 'secp384r1' })
    expect(await agree({}, { groups: 'X25519' })).toMatchObject({ group: 'x25519' })
    expect(await agree({}, { groups: 'secp384r1' })).toMatchObject({ group: 'secp384r1' }) // by a HelloRetryRequest
    expect(await agree({ maxVersion: 'TLSv1.2' })).toMatchObject({ group: 'x25519' })
    await disagree({ groups: 'X25519' }, { groups: 'secp256r1' })
  })

  it('ciphersuites of TLS 1.3', async () => {
    expect(await agree({})).toMatchObject({ cipher: 'TLS_CHACHA20_POLY1305_SHA256' })
    expect(await agree({ ciphersuites: 'TLS_AES_256_GCM_SHA384' })).toMatchObject({ cipher: 'TLS_AES_256_GCM_SHA384' })
    expect(await agree({}, { ciphersuites: 'TLS_AES_128_GCM_SHA256' })).toMatchObject({ cipher: 'TLS_AES_128_GCM_SHA256' })
    await disagree({ ciphersuites: 'TLS_AES_128_GCM_SHA256' }, { ciphersuites: 'TLS_AES_256_GCM_SHA384', minVersion: 'TLSv1.3' })
  })

  it('ciphers of TLS 1.2', async () => {
    const maxVersion = 'TLSv1.2'
    expect(await agree({ maxVersion })).toMatchObject({ cipher: 'TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256' })
    expect(await agree({ maxVersion, ciphers: 'ECDHE-ECDSA-AES256-GCM-SHA384' }))
      .toMatchObject({ cipher: 'TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384' })
    await disagree({ maxVersion, ciphers: 'ECDHE-ECDSA-AES256-GCM-SHA384' }, { ciphers: 'ECDHE-ECDSA-AES128-GCM-SHA256' })
  })

  it.each(['TLSv1.2', 'TLSv1.3'] as const)('alpnProtocols, in the order of the server, %s', async (maxVersion) => {
    expect(await agree({ maxVersion, alpnProtocols: ['h2', 'http/1.1'] }, { alpnProtocols: ['http/1.1', 'h2'] }))
      .toMatchObject({ alpnProtocol: 'http/1.1' })
    expect(await agree({ maxVersion, alpnProtocols: ['x'.repeat(255), 'ü'] }, { alpnProtocols: ['ü'] }))
      .toMatchObject({ alpnProtocol: 'ü' })
    expect(await agree({ maxVersion }, { alpnProtocols: ['h2'] })).toMatchObject({ alpnProtocol: undefined })
    expect(await agree({ maxVersion, alpnProtocols: ['h2'] })).toMatchObject({ alpnProtocol: undefined })
    const [error] = await disagree({ maxVersion, alpnProtocols: ['h2'] }, { alpnProtocols: ['h3'] })
    expect(error).toMatchObject({ alert: { from: 'peer', description: 120 } })
  })

  it('servername: names are asked for, addresses are not', async () => {
    const asked = async (servername: string) => {
      const both = await opened({ client: { libssl, servername }, server: { libssl } })
      const info = await both.server.opened
      await Promise.all([both.client.close(), both.server.close()])
      return info.servername
    }
    expect(await asked('localhost')).toBe('localhost')
    expect(await asked('localhost.')).toBe('localhost')
    expect(await asked('LOCALHOST')).toBe('LOCALHOST')
    for (const address of ['127.0.0.1', '::1', '[::1]', '0:0:0:0:0:0:0:1']) expect(await asked(address)).toBeUndefined()
  })
})

describe('options that Object.prototype has been given', () => {
  it.each([
    ['of connections', (more: object) => more],
    ['of a context', ({ ca, libssl }: Partial<ConnectOptions>) => ({ context: createContext({ ca, libssl }) })],
  ] as const)('are none, %s', async (_, given) => {
    const libssl = await load()
    const stranger = temporaryAuthority('a stranger').leaf()
    const lines: string[] = []
    const added = {
      dangerouslySkipVerification: true, onKeylog: (line: string) => { lines.push(line) }, psk: { identity: 'x', key: new Uint8Array(16) },
      clientCertificate: 'optional',
    }
    for (const [name, value] of Object.entries(added)) {
      Object.defineProperty(Object.prototype, name, { value, configurable: true, enumerable: false, writable: true })
    }
    try {
      for (const shared of [undefined, libssl]) {
        const [near, far] = memoryTransportPair()
        const client = connect(near, { servername: 'localhost', ...given({ ca: authority.ca.cert, libssl: shared }) })
        const server = accept(
          far, { cert: stranger.cert, key: stranger.key, onClientHello: () => ({ cert: stranger.cert, key: stranger.key }) },
        )
        expect(await rejection(client.opened)).toMatchObject({ name: 'CertificateError' })
        await rejection(server.closed)
      }
    } finally {
      for (const name of Object.keys(added)) delete (Object.prototype as Record<string, unknown>)[name]
    }
    expect(lines).toEqual([])
  })
})
