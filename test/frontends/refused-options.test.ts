// What is said of an option that OpenSSL refuses: its name, what is wrong with it, what to give, and nothing of our inner names.

import { beforeAll, describe, expect, it } from 'vitest'
import {
  ApiMisuseError, createContext, load, type AcceptOptions, type ConnectOptions, type ContextOptions, type LibSsl,
} from '../../src/index.js'
import { authority, localhost, RSA, temporaryAuthority } from '../helpers/certificates.js'
import { opened, peers, rejection } from '../helpers/stream-peers.js'

let libssl: LibSsl
beforeAll(async () => { libssl = await load() })

const { cert, key } = localhost
const ca = authority.ca.cert
const rsa = temporaryAuthority('another').leaf({ newkey: RSA })

/** In a context, where OpenSSL sees it at once; names of classes and methods are in none. */
function refused(options: ConnectOptions | AcceptOptions): ApiMisuseError {
  try {
    createContext({ ...options, libssl } as ContextOptions).free()
  } catch (error) {
    expect(error).toBeInstanceOf(ApiMisuseError)
    expect((error as Error).message).not.toMatch(/SslCtx|Ssl\.|Store|usePrivateKey|useCertificate|usePkcs12|set1|OpenSSL gave no reason/)
    return error as ApiMisuseError
  }
  throw new Error('was taken')
}

const bytes = (text: string) => new TextEncoder().encode(text)
/** Options whose value is what a file holds. */
const files: Readonly<Record<string, (content: string) => ConnectOptions | AcceptOptions>> = {
  ca: (content) => ({ ca: content }),
  additionalCa: (content) => ({ ca, additionalCa: [bytes(content)] }),
  crl: (content) => ({ ca, crl: content }),
  clientCaNames: (content) => ({ cert, key, ca, clientCaNames: content }),
  cert: (content) => ({ cert: content, key }),
  key: (content) => ({ cert, key: content }),
  pfx: (content) => ({ pfx: bytes(content) }),
  identities: (content) => ({ cert, key, identities: { cert: content, key: rsa.key } }),
  echKeys: (content) => ({ cert, key, echKeys: content }),
}

describe.each(Object.entries(files))('%s', (option, options) => {
  it.each([
    '/etc/ssl/certs/mine.pem', './mine.crt', '../mine', '~/mine', 'C:\\keys\\mine', 'file:///mine', 'mine.key', 'mine.p12\n',
  ])('that is the path %j', (path) => {
    const error = refused(options(path))
    expect(error).toMatchObject({ option })
    expect(error.message).toContain(`option '${option}' was refused: `)
    expect(error.message).toContain(`it begins with ${JSON.stringify(path)}: that is a path, and what is wanted is the file's content`)
  })

  it.each(['<!DOCTYPE html>\n<html>', '<html lang="en">', '<?xml version="1.0"?>', '\n  <head>'])('that is the page %j', (page) => {
    const { message } = refused(options(page + '<p>not found</p>'.repeat(10)))
    expect(message).toContain(`it begins with ${JSON.stringify(page).slice(0, -1)}`)
    expect(message).toContain('HTML')
    expect(message.length).toBeLessThan(350)
  })

  it('that is some other text, which is told unless it may be a key', () => {
    const { message } = refused(options('MIGHAgEAMBMGByqGSM49\u0007'.slice(0, -1)))
    const secret = option === 'key' || option === 'pfx'
    expect(message.includes('MIGHAgEAMBMGByqGSM49')).toBe(!secret)
  })

  it('that is bytes which are neither', () => {
    const message = refused(options('\u0001\u0002/x.pem')).message
    expect(message).not.toContain('it begins with')
  })
})

it('ocspResponse and acceptedRawPublicKeys, which are a connection\'s', async () => {
  for (const [option, server] of Object.entries({
    ocspResponse: { ocspResponse: bytes('/my/ocsp.der') }, acceptedRawPublicKeys: { acceptedRawPublicKeys: '/my/key.pem' },
  })) {
    const both = peers({ client: { libssl }, server: { libssl, ...server } })
    const error = await rejection(both.server.opened) as ApiMisuseError
    expect(error).toMatchObject({ name: 'ApiMisuseError', option })
    expect(error.message).toMatch(/^option '\w+' was refused: .*that is a path/)
    expect(error.message).not.toMatch(/Ssl\./)
    await rejection(both.client.opened)
  }
})

describe('a key that is not the certificate\'s', () => {
  it.each([
    ['of the same type', 'key', { cert, key: temporaryAuthority('a third').leaf().key }],
    ['of another type', 'key', { cert, key: rsa.key }],
    ['of one of several identities', 'identities', { cert, key, identities: [{ cert: rsa.cert, key }] }],
  ])('%s', (_, option, options) => {
    const error = refused(options)
    expect(error).toMatchObject({ code: 'ERR_TLS_KEY_MISMATCH', option })
    expect(error.message).toMatch(/^option '\w+' was refused: .*certificate/)
  })
})

describe('a chain that begins with the CA', () => {
  const above = temporaryAuthority('above')
  const own = above.leaf()
  it.each<[string, AcceptOptions]>([
    ['of a key of the same type', { cert: above.ca.cert + own.cert, key: own.key }],
    ['of a key of another type', { cert: above.ca.cert + above.leaf({ newkey: RSA }).cert, key: rsa.key }],
    ['of one of several identities', { cert, key, identities: [{ cert: above.ca.cert + own.cert, key: own.key }] }],
  ])('%s', (_, options) => {
    const error = refused(options)
    expect(error.code).toBe('ERR_TLS_KEY_MISMATCH')
    expect(error.message)
      .toContain("'cert' begins with CN=above,O=libssl-wasm, which has issued the next certificate: your own comes first")
  })

  it('is not blamed where only the key is wrong', () => {
    expect(refused({ cert: own.cert + above.ca.cert, key }).message).not.toContain('begins with')
  })
})

it.each([
  ['ciphers', 'no cipher match'], ['ciphersuites', 'no cipher match'], ['groups', 'names that this build of OpenSSL knows'],
  ['signatureAlgorithms', 'names that this build of OpenSSL knows'],
  ['clientSignatureAlgorithms', 'names that this build of OpenSSL knows'],
])('%s with a name that there is not', (option, words) => {
  const error = refused({ [option]: 'nonsense' })
  expect(error).toMatchObject({ option })
  expect(error.message).toContain(words)
})

it.each([
  ['groups', 'X25519:nonsense:P-256', 'nonsense'], ['groups', '*X25519/?nonsense:P-257', 'P-257'],
  ['groups', 'X25519,P-256', 'X25519,P-256'],
  ['signatureAlgorithms', 'ed25519:nonsense', 'nonsense'], ['clientSignatureAlgorithms', 'ed25519:nonsense', 'nonsense'],
])('%s %s: names which one is wrong', (option, list, name) => {
  expect(refused({ [option]: list }).message).toContain(`it does not know '${name}'`)
})

it('what is right is still taken', async () => {
  const { client, server } = await opened({ client: { libssl, ca: `some words\n${ca}` }, server: { libssl } })
  await Promise.all([client.close(), server.close()])
})
