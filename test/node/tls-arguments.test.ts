import * as nodeTls from 'node:tls'
import { Duplex } from 'node:stream'
import { describe, expect, it, vi } from 'vitest'
import ours from '../../src/node/tls/index.js'
import { authority, localhost } from '../helpers/certificates.js'

const { cert, key } = localhost
const other = authority.leaf({ name: 'other' })

type Tls = typeof nodeTls

/** What is thrown, as far as programs look at it. */
function thrown(call: () => unknown): unknown {
  try {
    call()
    return 'nothing'
  } catch (error) {
    const { name, code, message } = error as NodeJS.ErrnoException
    return { name, code, message }
  }
}

const calls: readonly [string, (tls: Tls) => unknown][] = [
  ['ciphers that are no text', (tls) => tls.createSecureContext({ ciphers: 1 as never })],
  ['ciphers that do not exist', (tls) => tls.createSecureContext({ ciphers: 'NOTHING' })],
  ['ciphers of TLS 1.3 that do not exist', (tls) => tls.createSecureContext({ ciphers: 'TLS_NOTHING' })],
  ['no ciphers', (tls) => tls.createSecureContext({ ciphers: ':' })],
  ['a key that is no text', (tls) => tls.createSecureContext({ key: true as never, cert })],
  ['a key of several that is no text', (tls) => tls.createSecureContext({ key: [key, 1 as never], cert })],
  ['a key by itself in the form of a list', (tls) => tls.createSecureContext({ key: { pem: key } as never, cert })],
  ['a certificate that is no text', (tls) => tls.createSecureContext({ key, cert: 1 as never })],
  ['a CA that is no text', (tls) => tls.createSecureContext({ ca: {} as never })],
  ['the key of another certificate', (tls) => tls.createSecureContext({ key: other.key, cert })],
  ['a passphrase that is no text', (tls) => tls.createSecureContext({ key, passphrase: 1 as never })],
  ['a curve that is no text', (tls) => tls.createSecureContext({ ecdhCurve: 1 as never })],
  ['a curve that does not exist', (tls) => tls.createSecureContext({ ecdhCurve: 'nothing' })],
  ['signature algorithms that are no text', (tls) => tls.createSecureContext({ sigalgs: 1 as never })],
  ['no signature algorithms', (tls) => tls.createSecureContext({ sigalgs: '' })],
  ['a version that does not exist', (tls) => tls.createSecureContext({ minVersion: 'TLSv9' as never })],
  ['a highest version that does not exist', (tls) => tls.createSecureContext({ maxVersion: 'x' as never })],
  ['a version beside secureProtocol', (tls) => tls.createSecureContext({ secureProtocol: 'TLSv1_2_method', minVersion: 'TLSv1.2' })],
  ['a method that does not exist', (tls) => tls.createSecureContext({ secureProtocol: 'nothing' })],
  ['a method of SSL 3.0', (tls) => tls.createSecureContext({ secureProtocol: 'SSLv3_method' })],
  ['a session id context that is no text', (tls) => tls.createSecureContext({ sessionIdContext: 1 as never })],
  ['a session timeout that is no number', (tls) => tls.createServer({ sessionTimeout: 'x' as never })],
  ['a session timeout out of range', (tls) => tls.createServer({ sessionTimeout: -1 })],
  ['ticket keys that are no bytes', (tls) => tls.createServer({ ticketKeys: 'x' as never })],
  ['a handshake timeout that is no number', (tls) => tls.createServer({ handshakeTimeout: 'x' as never })],
  ['an SNICallback that is no function', (tls) => tls.createServer({ SNICallback: 'x' as never })],
  ['server options that are no object', (tls) => tls.createServer(1 as never)],
  ['addContext() without a name', (tls) => tls.createServer().addContext('', {})],
  ['setTicketKeys() of no bytes', (tls) => tls.createServer().setTicketKeys('x' as never)],
  ['ALPN protocols that are too long', (tls) => tls.connect({ socket: idle(), ALPNProtocols: ['x'.repeat(256)] })],
  ['a server name that is no text', (tls) => client(tls).setServername(1 as never)],
  ['a server name from a server', (tls) => server(tls).setServername('x')],
  ['keying material before the handshake', (tls) => client(tls).exportKeyingMaterial(1, 'label', Buffer.alloc(0))],
  ['keying material of no length', (tls) => client(tls).exportKeyingMaterial('x' as never, 'label', Buffer.alloc(0))],
  ['keying material without a label', (tls) => client(tls).exportKeyingMaterial(1, 1 as never, Buffer.alloc(0))],
  ['a fragment size that is no number', (tls) => client(tls).setMaxSendFragment('x' as never)],
  ['a time limit that is no number', (tls) => client(tls).setTimeout('x' as never)],
  ['a time limit out of range', (tls) => client(tls).setTimeout(-1)],
]

const idle = () => new Duplex({ read() {}, write(_chunk, _encoding, callback) { callback() } })
const client = (tls: Tls): nodeTls.TLSSocket & { setServername(name: string): void } => new tls.TLSSocket(idle() as never) as never
const server = (tls: Tls): ReturnType<typeof client> =>
  new tls.TLSSocket(idle() as never, { isServer: true, secureContext: tls.createSecureContext({ cert, key }) }) as never

describe('connect() of ours refuses, as that of Node 24', () => {
  it.each([{ checkServerIdentity: 1 }, { minDHSize: 'x' }])('%o', (options) => {
    expect(() => ours.connect({ port: 1, ...options } as never))
      .toThrow(expect.objectContaining({ name: 'TypeError', code: 'ERR_INVALID_ARG_TYPE' }))
  })
})

describe('what node:tls refuses with other words, or dies of:', () => {
  const sock = () => new ours.TLSSocket(idle() as never, { isServer: true, cert, key } as never)
  it.each<[string, () => unknown, string]>([
    ...[5, 'h2', true, {}].flatMap((ALPNProtocols): [string, () => unknown, string][] => [
      [`ALPNProtocols ${String(ALPNProtocols)} of a client`, () => ours.connect({ socket: idle(), ALPNProtocols } as never),
        'ERR_INVALID_ARG_TYPE'],
      [`ALPNProtocols ${String(ALPNProtocols)} of a server`, () => ours.createServer({ ALPNProtocols } as never), 'ERR_INVALID_ARG_TYPE'],
    ]),
    ['a protocol that is no text', () => ours.connect({ socket: idle(), ALPNProtocols: [5] } as never), 'ERR_INVALID_ARG_TYPE'],
    ['a protocol without letters', () => ours.createServer({ ALPNProtocols: ['a', ''] }), 'ERR_INVALID_ARG_VALUE'],
    ['bytes that are no list of protocols', () => ours.connect({ socket: idle(), ALPNProtocols: Buffer.from([2, 1]) } as never),
      'ERR_INVALID_ARG_VALUE'],
    ['setKeyCert(5)', () => sock().setKeyCert(5 as never), 'ERR_INVALID_ARG_TYPE'],
    ['setKeyCert() of a list', () => sock().setKeyCert([] as never), 'ERR_INVALID_ARG_TYPE'],
    ['setKeyCert() without a certificate', () => sock().setKeyCert({}), 'ERR_CRYPTO_OPERATION_FAILED'],
    ['setKeyCert() of nothing', () => sock().setKeyCert(undefined as never), 'ERR_CRYPTO_OPERATION_FAILED'],
    ['enableTrace that is no boolean', () => ours.connect({ socket: idle(), enableTrace: 1 } as never), 'ERR_INVALID_ARG_TYPE'],
    ['options of a context that are no object', () => ours.createSecureContext(5 as never), 'ERR_INVALID_ARG_TYPE'],
  ])('%s', (_, call, code) => {
    expect(call).toThrow(expect.objectContaining({ code }))
  })

  it('bytes that are no list of protocols, by convertALPNProtocols(), from Node 24 on', () => {
    const { convertALPNProtocols } = ours as unknown as { convertALPNProtocols(protocols: unknown, out: { ALPNProtocols?: Buffer }): void }
    const under = (node: string, call: () => void) => {
      vi.stubGlobal('process', Object.create(process, { versions: { value: { ...process.versions, node } } }))
      try {
        call()
      } finally {
        vi.unstubAllGlobals()
      }
    }
    const out: { ALPNProtocols?: Buffer } = {}
    under(
      '24.1.0',
      () => expect(() => convertALPNProtocols(Buffer.from([0]), out)).toThrow(expect.objectContaining({ code: 'ERR_INVALID_ARG_VALUE' })),
    )
    expect(out).toEqual({})
    under('22.1.0', () => convertALPNProtocols(Buffer.from([0]), out))
    expect(out.ALPNProtocols).toEqual(Buffer.from([0]))
  })

  it('a `ca` without a certificate is ignored, as by Node, and a warning says what it is, once', () => {
    const told = vi.spyOn(process, 'emitWarning').mockImplementation(() => {})
    const der = Buffer.from(cert.replace(/-----[^-]+-----/g, ''), 'base64')
    for (const ca of ['./ca.pem', der, './ca.pem', [cert, './ca.pem']]) ours.createSecureContext({ ca })
    const words = "option 'ca' holds no certificate in PEM, and is ignored"
    expect(told.mock.calls.map(([text]) => text)).toEqual([
      `${words}; it begins with "./ca.pem": that is a path, and what is wanted is the file's content`, words,
    ])
    told.mockRestore()
  })

  it('a socket that was destroyed takes no certificate, and says nothing', () => {
    expect(() => sock().destroy().setKeyCert(5 as never)).not.toThrow()
  })
})

describe('node:tls and ours refuse', () => {
  it.each(calls)('%s alike', (_, call) => {
    const [theirs, own] = [thrown(() => call(nodeTls)), thrown(() => call(ours))]
    expect(own).toEqual(theirs)
    expect(own).not.toBe('nothing')
  })
})
