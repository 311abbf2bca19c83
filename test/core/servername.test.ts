// The name that a client asks for, as a server reads it from the wire, gives it out, and acknowledges it. RFC 6066 §3.

import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import {
  fatalError, load, SSL_OP_NO_TICKET, SSL_RECEIVED_SHUTDOWN, SSL_SENT_SHUTDOWN, type LibSsl, type ProtocolMessage, type Ssl,
  type SslSession,
} from '../../src/core.js'
import { authority } from '../helpers/certificates.js'
import { isWish, leaks, Link, makeCtx, utf8, VERSIONS, type LinkOptions, type Version } from '../helpers/link.js'

let lib: LibSsl
beforeAll(async () => { lib = await load() })

const uint16 = (value: number) => [value >> 8, value & 0xff]
const entry = (type: number, text: string) => [type, ...uint16(utf8(text).length), ...utf8(text)]
const list = (...bytes: readonly number[]) => Uint8Array.of(...uint16(bytes.length), ...bytes)

const NAME = 'localhost'
const EXTENSION = [0, 0, ...uint16(NAME.length + 5), ...list(...entry(0, NAME))]

/** A ClientHello in one record, with other contents of server_name. */
function withExtension(record: Uint8Array, contents: Uint8Array): Uint8Array {
  const at = record.findIndex((_, start) => EXTENSION.every((byte, index) => record[start + index] === byte))
  expect(at).toBeGreaterThan(0)
  const bytes = [...record.subarray(0, at), 0, 0, ...uint16(contents.length), ...contents, ...record.subarray(at + EXTENSION.length)]
  const grown = bytes.length - record.length
  // The lengths of the record, of the message, and of all extensions, which stands behind session id, suites and compression.
  const session = 43 + 1 + record[43]!
  const suites = session + 2 + (record[session]! << 8 | record[session + 1]!)
  for (const length of [3, 7, suites + 1 + record[suites]!]) {
    bytes.splice(length, 2, ...uint16((record[length]! << 8 | record[length + 1]!) + grown))
  }
  return Uint8Array.from(bytes)
}

interface Seen { readonly hello: string | undefined; readonly getter: string | undefined; readonly alert: number | undefined }

/** What a server makes of it, in its callback and afterwards. */
function seen(version: Version, contents: Uint8Array): Seen {
  let hello: string | undefined
  const link: Link = new Link(lib, {
    version,
    client: { prepare: (ssl) => ssl.setTlsextHostName(NAME) },
    server: { prepare: (ssl) => ssl.setClientHelloCb(() => { hello = ssl.getClientHello().servername; return 1 }) },
    tap: (_, bytes) => withExtension(bytes, contents),
  })
  link.client.handshake()
  link.move('client')
  link.server.handshake()
  const result = { hello, getter: link.server.ssl.getServername(), alert: link.server.ssl.getAlert()?.description }
  link.free()
  return result
}

/** Whether the server's answer has an empty server_name. */
function isAcknowledged(version: Version, name: string | undefined, prepare: (ssl: Ssl) => void): boolean {
  let length: number | undefined
  const look = ({ sent, contentType, bytes }: ProtocolMessage) => {
    const isAnswer = sent && contentType === 22 && (bytes[0] === 2 || bytes[0] === 8) // ServerHello, EncryptedExtensions
    if (isAnswer) length ??= extensionLengths(bytes).get(0)
  }
  const client = { prepare: (ssl: Ssl) => { if (name !== undefined) ssl.setTlsextHostName(name) } }
  new Link(lib, { version, client, server: { prepare: (ssl) => { ssl.setMsgCallback(look); prepare(ssl) } } }).established().free()
  expect(length ?? 0).toBe(0)
  return length === 0
}

/** The lengths of a message's extensions, by type. */
function extensionLengths(message: Uint8Array): Map<number, number> {
  const found = new Map<number, number>()
  const session = 38 + 1 + message[38]!
  for (let at = message[0] === 8 ? 6 : session + 2 + 1 + 2; at < message.length;) {
    const length = message[at + 2]! << 8 | message[at + 3]!
    found.set(message[at]! << 8 | message[at + 1]!, length)
    at += 4 + length
  }
  return found
}

describe.each(VERSIONS)('the name that a client asks for, %s', (version) => {
  const longest = `${'a'.repeat(63)}.${'b'.repeat(63)}.${'c'.repeat(63)}.${'d'.repeat(61)}` // 253

  it.each([
    'localhost', 'a.example', 'x', 'A.Example', '_a_b.corp.test', 'xn--bcher-kva.example', 'a-.example', '1.2.3.4.example',
    '127.0.0.1a', longest,
  ])('is given out if it is the name of a host: %s', (name) => {
    expect(seen(version, list(...entry(0, name)))).toEqual({ hello: name, getter: name, alert: undefined })
    expect(seen(version, list(...entry(0, `${name}.`)))).toEqual({ hello: name, getter: name, alert: undefined })
  })

  it.each([
    '', '.', '..', '.a', 'a..b', 'a.b..', 'a b', ' a', 'a\n', 'a\t', 'a/b', '../a', 'a:443', 'https://a', 'a@b', '*.a', 'a%00',
    'bücher.example', '\x7f', '<b>', '"', '127.0.0.1', '127.1', '1', '::1', '[::1]', `${'a'.repeat(64)}.b`, `a${longest}`,
  ])('counts as none if it is not: %j', (name) => {
    expect(seen(version, list(...entry(0, name)))).toEqual({ hello: undefined, getter: undefined, alert: undefined })
  })

  it('is refused by OpenSSL where it breaks the rules of the extension', () => {
    const none = { hello: undefined, getter: undefined }
    for (const name of ['a\0b', '\0', 'a'.repeat(256)]) expect(seen(version, list(...entry(0, name)))).toEqual({ ...none, alert: 112 })
    for (const contents of [
      list(...entry(7, 'a.example')), list(...entry(0, 'a.example'), ...entry(0, 'b.example')), list(...entry(7, 'x'), ...entry(0, 'a')),
    ]) {
      expect(seen(version, contents)).toEqual({ ...none, alert: 50 })
    }
  })

  it('is none if the extension was cut at any byte, or has one too many', () => {
    const whole = list(...entry(0, 'a.example'))
    for (let cut = 0; cut < whole.length; cut++) {
      expect(seen(version, whole.slice(0, cut))).toEqual({ hello: undefined, getter: undefined, alert: 50 })
    }
    expect(seen(version, Uint8Array.of(...whole, 0))).toEqual({ hello: undefined, getter: undefined, alert: 50 })
  })

  it('is the name of a host or nothing, whatever stands there', () => {
    const anything = fc.uint8Array({ maxLength: 64 })
    fc.assert(fc.property(fc.oneof(anything, anything.map((bytes) => list(0, ...uint16(bytes.length), ...bytes))), (contents) => {
      const { hello, getter } = seen(version, contents)
      expect(hello).toBe(getter)
      expect(hello ?? 'a').toMatch(/^[\w-]{1,63}(\.[\w-]{1,63})*$/)
    }), { numRuns: 200 })
  })

  it('leaves nothing behind, be it right or wrong', () => {
    expect(leaks(lib, 20, () => {
      seen(version, list(...entry(0, 'a.example')))
      seen(version, list(...entry(0, 'a b')))
    })).toBe(false)
  })

  it('is acknowledged where the server says so, before or in the callback for the ClientHello, and it is a name', () => {
    const acknowledge = (ssl: Ssl) => ssl.acknowledgeServername()
    expect(isAcknowledged(version, 'localhost', acknowledge)).toBe(true)
    expect(isAcknowledged(version, 'localhost', (ssl) => ssl.setClientHelloCb(() => { acknowledge(ssl); return 1 }))).toBe(true)
    expect(isAcknowledged(version, 'localhost', () => {})).toBe(false)
    expect(isAcknowledged(version, undefined, acknowledge)).toBe(false)
    expect(isAcknowledged(version, 'not a name', acknowledge)).toBe(false)
  })
})

describe('a second ClientHello', () => {
  const again = (tap?: NonNullable<LinkOptions['tap']>): Link => new Link(lib, {
    version: 'TLSv1.3', identity: authority.leaf({ san: 'DNS:localhost,DNS:elsewhere' }), dnsname: null,
    client: { prepare: (ssl) => ssl.setTlsextHostName('localhost') },
    server: { configure: (ctx) => ctx.set1GroupsList('secp384r1') },
    ...(tap && { tap }),
  })

  it('that asks for the same name is answered', () => {
    const link = again().established()
    expect(link.server.ssl.getServername()).toBe('localhost')
    link.free()
  })

  it.each(['elsewhere', 'not a na.'])('that asks for another one (%s) is refused by illegal_parameter', (name) => {
    let flights = 0
    const link = again((from, bytes) => {
      if (from === 'server' || flights++ === 0) return undefined
      const at = bytes.findIndex((_, start) => utf8('localhost').every((byte, index) => bytes[start + index] === byte))
      expect(at).toBeGreaterThan(0)
      const changed = bytes.slice()
      changed.set(utf8(name), at)
      return changed
    })
    const { client, server } = link.handshake()
    expect(isWish(server)).toBe(false)
    expect(fatalError(link.server.ssl, server)).toMatchObject({
      name: 'PeerError', code: 'ERR_SSL_BAD_EXTENSION', message: expect.stringContaining('another server_name') as string,
      alert: { from: 'us', level: 'fatal', description: 47 },
    })
    expect(fatalError(link.client.ssl, client)).toMatchObject({ alert: { from: 'peer', description: 47 } })
    link.free()
  })
})

describe.each(VERSIONS)("a session in OpenSSL's own store, %s", (version) => {
  /** Whether the server resumes it for another name, and then for its own. */
  function resumed(first: string | undefined, second: string | undefined): readonly boolean[] {
    const ctx = makeCtx(lib, 'server', { version })
    ctx.setOptions(SSL_OP_NO_TICKET)
    ctx.setSessionIdContext(utf8('names'))
    let session: SslSession | undefined
    const visit = (name: string | undefined): boolean => {
      const link = new Link(lib, {
        version, server: { ctx },
        client: {
          prepare(ssl) {
            if (name !== undefined) ssl.setTlsextHostName(name)
            if (session) ssl.setSession(session)
          },
        },
      }).established()
      link.send('server', utf8('after the tickets'))
      session ??= link.client.ssl.get1Session()!
      for (const end of [link.client, link.server]) end.ssl.setShutdown(SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN) // else it is forgotten
      const reused = link.server.ssl.sessionReused()
      link.free()
      return reused
    }
    visit(first)
    const found = [visit(second), visit(first)]
    session!.free()
    ctx.free()
    return found
  }

  it('is resumed for its own name, whatever the case of letters, and for none', () => {
    expect(resumed('localhost', 'LocalHost')).toEqual([true, true])
    expect(resumed('localhost', undefined)).toEqual([true, true])
    expect(resumed(undefined, undefined)).toEqual([true, true])
  })

  it('is resumed under TLS 1.2 for no other name, and is gone then', () => {
    expect(resumed('localhost', 'elsewhere')).toEqual(version === 'TLSv1.2' ? [false, false] : [true, true])
    expect(leaks(lib, 10, () => { resumed('localhost', 'elsewhere') })).toBe(false)
  })
})
