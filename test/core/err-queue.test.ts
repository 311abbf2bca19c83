// Of the entries of OpenSSL's error queue the one that says most gives an error its code and its words, wherever it was met.

import { beforeAll, describe, expect, it } from 'vitest'
import { fatalError, load, SslCtx, X509Store, type ApiMisuseError, type LibSsl, type TlsError } from '../../src/core.js'
import { authority, localhost } from '../helpers/certificates.js'
import { Endpoint, Link, VERSIONS } from '../helpers/link.js'

let lib: LibSsl
beforeAll(async () => { lib = await load() })

const derOf = (pem: string) => new Uint8Array(Buffer.from(pem.replace(/-----[^-]+-----/g, ''), 'base64'))
/** With another tag where the serial number or the algorithm should begin: eight bytes into the certificate. */
const spoil = (bytes: Uint8Array, at = 8) => bytes.with(at, bytes[at]! ^ 0x10)
const cert = derOf(localhost.cert)

function refusal(call: () => unknown): ApiMisuseError {
  try { call() } catch (error) { return error as ApiMisuseError }
  throw new Error('nothing was refused')
}
function addCerts(bytes: Uint8Array): void {
  const store = new X509Store(lib)
  try { store.addCerts(bytes) } finally { store.free() }
}

/** Its last entry says little, and it has not the code of that. */
function expectTold(error: TlsError, last: string, code: string): void {
  expect(error.opensslErrorStack.at(-1)?.reason).toBe(last)
  expect(error.code).toBe(code)
}

it('of a certificate that is broken it is the innermost, with the field that it is about', () => {
  const error = refusal(() => addCerts(spoil(cert)))
  expectTold(error, 'nested asn1 error', 'ERR_ASN1_ENCODING_WRONG_TAG')
  expect(error.message).toMatch(/wrong tag: Field=/)
  expectTold(refusal(() => addCerts(cert.subarray(0, 100))), 'nested asn1 error', 'ERR_ASN1_ENCODING_TOO_LONG')
})

it('of a private key that is broken it stands in the message, and the code is ours', () => {
  const ctx = new SslCtx(lib, 'TLS_server_method')
  const error = refusal(() => ctx.usePrivateKey(derOf(localhost.key).subarray(0, 60)))
  expect(error.code).toBe('ERR_TLS_KEY_UNREADABLE')
  expect(error.message).not.toContain('nested')
  ctx.free()
})

it('of the certificate of a peer it is the same', () => {
  const [client, server] = [new Endpoint(lib, 'client', { version: 'TLSv1.2' }), new Endpoint(lib, 'server', { version: 'TLSv1.2' })]
  client.handshake()
  server.give(client.takeAll())
  server.handshake()
  const flight = Buffer.from(server.takeAll())
  client.give(spoil(flight, flight.indexOf(cert) + 8))
  const error = fatalError(client.ssl, client.handshake())
  expectTold(error, 'ASN1 lib', 'ERR_ASN1_ENCODING_WRONG_TAG')
  for (const end of [client, server]) end.free()
})

// OpenSSL goes through a table of kinds of keys, some of which are not in the build; RSA and P-256 stand before those.
it.each(['ed25519', 'ed448'])('of a bad signature by %s it has entries of that alone', (kind) => {
  const identity = authority.leaf({ newkey: [kind] })
  const options = { version: 'TLSv1.2', identity } as const
  const [client, server] = [new Endpoint(lib, 'client', options), new Endpoint(lib, 'server', options)]
  client.handshake()
  server.give(client.takeAll())
  server.handshake()
  const flight = server.takeAll()
  const SERVER_HELLO_DONE = 9
  client.give(spoil(flight, flight.length - SERVER_HELLO_DONE - 1))
  const error = fatalError(client.ssl, client.handshake())
  expect(error.opensslErrorStack.map(({ reason }) => reason)).not.toContain('unknown nid')
  expect(error.code).toBe('ERR_SSL_BAD_SIGNATURE')
  for (const end of [client, server]) end.free()
})

describe.each(VERSIONS)('%s', (version) => {
  it('of a record it is the fault of the record, not that the record layer failed', () => {
    const link = new Link(lib, { version })
    link.handshake()
    link.server.takeAll()
    link.server.ssl.write(Uint8Array.of(1, 2, 3))
    const record = link.server.takeAll()
    link.client.give(spoil(record, record.byteLength - 1))
    const error = fatalError(link.client.ssl, link.client.ssl.read(new Uint8Array(10)))
    expectTold(error, 'record layer failure', 'ERR_SSL_DECRYPTION_FAILED_OR_BAD_RECORD_MAC')
    link.free()
  })
})
