// What errors say of peers that speak no TLS, no version of it that we speak, or nothing in common: with programs that others wrote.
// Each text is looked at for its key words; the code is OpenSSL's.

import { createServer, get } from 'node:http'
import { describe, expect, it, onTestFinished } from 'vitest'
import type { TlsError } from '../../src/index.js'
import { authority, date } from '../helpers/certificates.js'
import { rejection } from '../helpers/stream-peers.js'
import { readAll } from '../helpers/streams.js'
import { identities } from './peers/matrix.js'
import { Peer } from './peers/process.js'
import { acceptOne, connectTo, dial, HOST, listening, listens, onFreePort, serveTcp } from './peers/tcp.js'

const STARTTLS = ['STARTTLS', 'PlaintextConversation']

async function failureAt(port: number, options: Parameters<typeof connectTo>[1] = {}): Promise<TlsError> {
  return await rejection((await connectTo(port, options)).opened) as TlsError
}

function expectWords({ message }: Error, words: readonly string[]): void {
  for (const word of words) expect(message).toContain(word)
  expect(message).toMatch(/^[\x20-\x7e…]*$/)
  expect(message.length).toBeLessThan(800)
}

describe('connect() to a server that speaks no TLS', () => {
  it('but HTTP: Node\'s own', async () => {
    const server = createServer()
    onTestFinished(() => { server.close() })
    const error = await failureAt(await listening(server))
    expect(error).toMatchObject({ name: 'PeerError', code: 'ERR_SSL_WRONG_VERSION_NUMBER' })
    expectWords(error, ['does not speak TLS', '"HTTP/1.1 400 Bad Request\\r\\n', 'HTTPS'])
  })

  it.each([
    ['SSH', 'SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n', ['"SSH-2.0-OpenSSH_9.2p1 Debian-2\\r\\n"', 'SSH']],
    ['SMTP', '220 mail.example ESMTP Postfix\r\n', ['"220 mail.example ESMTP Postfix\\r\\n"', 'SMTP', ...STARTTLS]],
    ['IMAP', '* OK [CAPABILITY IMAP4rev1] ready\r\n', ['"* OK [CAPABILITY IMAP4rev1] ready\\r\\n"', 'IMAP', ...STARTTLS]],
    ['POP3', '+OK ready\r\n', ['"+OK ready\\r\\n"', 'POP3', ...STARTTLS]],
    ['FTP', '220-Welcome\r\n220 (vsFTPd 3.0.5)\r\n', ['FTP', ...STARTTLS]],
    ['MySQL', 'J\0\0\0\n8.0.36\0\x08\0\0\0', ['"J\\x00\\x00\\x00\\n8.0.36\\x00\\x08\\x00\\x00\\x00"', 'MySQL', ...STARTTLS]],
    ['MariaDB, to too many', '\x10\0\0\0\xff\x10\x04Too many', ['\\xff\\x10\\x04Too many', 'MariaDB']],
    ['a language of its own', '\u001b[31m"\\' + 'x'.repeat(500), ['"\\x1b[31m\\"\\\\xxx', 'x"…']],
  ])('but %s, said in pieces', async (_, greeting, words) => {
    const port = await serveTcp(async (socket) => {
      socket.setNoDelay()
      for (const piece of greeting.match(/[^]{1,3}/g)!) await new Promise((done) => { socket.write(piece, 'latin1', done) })
      socket.end()
    })
    const error = await failureAt(port)
    expect(error.code).toMatch(/^ERR_/)
    // What OpenSSL has failed at may be all that had come by then.
    expectWords(error, ['does not speak TLS here: it said "'])
    const whole = await serveTcp((socket) => { socket.end(greeting, 'latin1') })
    expectWords(await failureAt(whole), words)
  })

  it('but PostgreSQL, which hangs up', async () => {
    const error = await failureAt(await serveTcp((socket) => { socket.once('data', () => socket.end()) }))
    expect(error).toMatchObject({ name: 'TruncationError', code: 'ERR_TLS_UNEXPECTED_EOF' })
    expectWords(error, ['before it said anything', 'PostgreSQL', ...STARTTLS])
  })

  it('of fewer bytes than a record\'s header', async () => {
    const error = await failureAt(await serveTcp((socket) => { socket.end('NO\n') }))
    expect(error.code).toBe('ERR_TLS_UNEXPECTED_EOF')
    expectWords(error, ['does not speak TLS', '"NO\\n"'])
  })

  it('and none is said to speak no TLS that does', async () => {
    const cut = await serveTcp((socket) => { socket.end(Buffer.from('160303007a0200', 'hex')) })
    expect((await failureAt(cut)).message).not.toContain('does not speak TLS')
  })
})

describe('accept() of a client that speaks no TLS', () => {
  it('but HTTP: Node\'s own', async () => {
    const { port, connection } = await acceptOne()
    get({ port, host: HOST, path: '/a?b' }).on('error', () => {})
    const error = await rejection((await connection).opened) as TlsError
    expect(error).toMatchObject({ name: 'PeerError', code: 'ERR_SSL_HTTP_REQUEST' })
    expectWords(error, ['the client does not speak TLS', '"GET /a?b HTTP/1.1\\r\\n', 'https:'])
  })

  it.each([
    ['a proxy\'s client', 'CONNECT a.example:443 HTTP/1.1\r\n\r\n', 'HTTP'], ['others', 'EHLO x\r\n', '"EHLO x\\r\\n"'],
  ])('but what %s say', async (_, says, word) => {
    const { port, connection } = await acceptOne()
    ;(await dial(port)).write(says)
    expectWords(await rejection((await connection).opened) as TlsError, ['the client does not speak TLS', word])
  })

  it('and hangs up', async () => {
    const { port, connection } = await acceptOne()
    ;(await dial(port)).end()
    expectWords(await rejection((await connection).opened) as TlsError, ['the client', 'before it said anything'])
  })
})

describe('a peer of old versions alone', () => {
  it.each([
    ['openssl s_server', 'TLS 1.0', () => old(['-tls1', '-cipher', 'ALL:@SECLEVEL=0'])],
    ['openssl s_server', 'TLS 1.1', () => old(['-tls1_1', '-cipher', 'ALL:@SECLEVEL=0'])],
    ['gnutls-serv', 'TLS 1.0', () => oldGnutls('NORMAL:-VERS-ALL:+VERS-TLS1.0')],
  ] as const)('%s, %s', async (_, __, start) => {
    const port = await start()
    const error = await failureAt(port)
    expect(error.name).toBe('PeerError')
    expectWords(error, ['TLSv1.2 to TLSv1.3', 'TLS 1.2 is the least'])
    expectWords(await failureAt(port, { minVersion: 'TLSv1.3' }), ['offers TLSv1.3', "'minVersion'", 'TLS 1.2 is the least'])
  })

  it('openssl s_client, TLS 1.0', async () => {
    const { port, connection } = await acceptOne()
    await Peer.start('openssl', ['s_client', '-connect', `${HOST}:${port}`, '-tls1', '-cipher', 'ALL:@SECLEVEL=0'])
    const error = await rejection((await connection).opened) as TlsError
    expect(error.code).toBe('ERR_SSL_VERSION_TOO_LOW')
    expectWords(error, ['TLSv1.2 to TLSv1.3', 'TLS 1.2 is the least'])
  })

  it('one that speaks TLS 1.2 alone is told by the option that forbids it', async () => {
    expectWords(await failureAt(await old(['-tls1_2']), { minVersion: 'TLSv1.3' }), ["'minVersion' would allow TLSv1.2"])
    expectWords(await failureAt(await old(['-tls1_3']), { maxVersion: 'TLSv1.2' }), ["'maxVersion' would allow TLSv1.3"])
  })
})

describe('a peer with nothing in common', () => {
  const decisive = ["'ciphers'", "'ciphersuites'", "'groups'", "'signatureAlgorithms'", "'securityLevel'"]
  it.each([
    ['no suite', ['-tls1_2', '-cipher', 'AES128-SHA'], {}],
    ['no suite of TLS 1.3', ['-tls1_3', '-ciphersuites', 'TLS_AES_128_CCM_SHA256'], {}],
    ['no group', ['-tls1_3', '-groups', 'P-521'], { groups: 'X25519' }],
    ['no signature algorithm', ['-tls1_3'], { signatureAlgorithms: 'rsa_pss_rsae_sha256' }],
  ] as const)('openssl s_server, %s', async (_, args, options) => {
    const error = await failureAt(await old(args), options)
    expect(error).toMatchObject({ code: 'ERR_SSL_TLS_ALERT_HANDSHAKE_FAILURE', alert: { from: 'peer', description: 40 } })
    expectWords(error, ['TLSv1.2 to TLSv1.3', 'TLS_CHACHA20_POLY1305_SHA256', 'more', ...decisive])
  })

  it('openssl s_client, no suite', async () => {
    const { port, connection } = await acceptOne()
    await Peer.start('openssl', ['s_client', '-connect', `${HOST}:${port}`, '-tls1_2', '-cipher', 'ECDHE-ECDSA-AES128-SHA'])
    const error = await rejection((await connection).opened) as TlsError
    expect(error.code).toBe('ERR_SSL_NO_SHARED_CIPHER')
    expectWords(error, ['no suite', 'ECDHE-ECDSA-CHACHA20-POLY1305', ...decisive])
  })

  it('openssl s_client, no group, no signature algorithm, no protocol', async () => {
    for (const [args, code, words, options] of [
      [['-tls1_3', '-groups', 'P-521'], 'ERR_SSL_NO_SUITABLE_KEY_SHARE', ["'groups'"], {}],
      [['-tls1_3', '-sigalgs', 'RSA-PSS+SHA256'], 'ERR_SSL_NO_SUITABLE_SIGNATURE_ALGORITHM', ["'signatureAlgorithms'", "'identities'"], {}],
      [['-tls1_3', '-alpn', 'h2'], 'ERR_SSL_NO_APPLICATION_PROTOCOL', ["'alpnProtocols'"], { alpnProtocols: ['http/1.1'] }],
    ] as const) {
      const { port, connection } = await acceptOne(options)
      await Peer.start('openssl', ['s_client', '-connect', `${HOST}:${port}`, ...args])
      const error = await rejection((await connection).opened) as TlsError
      expect(error.code).toBe(code)
      expectWords(error, words)
    }
  })
})

describe('accept() with a certificate that the client refuses', () => {
  it('because it has expired', async () => {
    const { cert, key } = authority.leaf({ name: 'old', notBefore: date(-40), notAfter: date(-2) })
    const { port, connection } = await acceptOne({ cert, key, useExpiredCert: true })
    await Peer.start('openssl', ['s_client', '-connect', `${HOST}:${port}`, '-CAfile', authority.ca.certFile, '-verify_return_error'])
    const { opened, readable } = await connection
    const error = await rejection(opened.then(() => readAll(readable))) as TlsError
    expect(error.code).toBe('ERR_SSL_TLS_ALERT_CERTIFICATE_EXPIRED')
    expectWords(error, ["'cert'", 'expired: renew it', 'clock'])
  })
})

async function old(args: readonly string[]): Promise<number> {
  const peer = await Peer.start(
    'openssl', ['s_server', '-accept', `${HOST}:0`, '-cert', identities.EC.certFile, '-key', identities.EC.keyFile, ...args],
  )
  return Number((await peer.printed(/^ACCEPT .*:(\d+)$/m))[1])
}

function oldGnutls(priority: string): Promise<number> {
  return onFreePort(async (port) => {
    const peer = await Peer.start('gnutls-serv', ['--port', String(port), '--priority', priority,
      '--x509certfile', identities.EC.certFile, '--x509keyfile', identities.EC.keyFile])
    return (await listens(peer, port)) ? port : undefined
  })
}
