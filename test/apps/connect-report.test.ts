// `libssl-wasm connect`: what it says is true of servers that differ from most, in words and in JSON alike.

import { readFileSync, writeFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { ocspFile } from '../../tools/revocation.js'
import { authority, EC, file, localhost, openssl, RSA, temporaryAuthority, type KeyPair } from '../helpers/certificates.js'
import { runCommand } from '../helpers/cli.js'
import { startOpensslServer } from '../interop/peers/openssl.js'
import { serveTcp } from '../interop/peers/tcp.js'

interface Told {
  readonly sentBytes: number
  readonly advice?: readonly string[]
  readonly error?: { readonly code: string; readonly message: string }
  readonly chain?: readonly { readonly subject: string; readonly sent?: boolean }[]
  readonly otherCertificates?: readonly { readonly subject: string }[]
}

const trusting = ['--ca', authority.ca.certFile]
const between = temporaryAuthority('between', authority)

async function words(port: number, ...args: readonly string[]): Promise<string> {
  return (await runCommand(['connect', `localhost:${port}`, '--check', ...trusting, ...args])).stdout
}

async function told(port: number, ...args: readonly string[]): Promise<Told> {
  return JSON.parse(await words(port, '--json', ...args)) as Told
}

describe('connect says', { timeout: 60_000 }, () => {
  it('of a key that came by RSA that there is no group, though nothing was resumed', async () => {
    const { port } = await startOpensslServer(authority.leaf({ newkey: RSA }), 'TLSv1.2', ['-www', '-cipher', 'AES256-SHA'])
    expect(await words(port, '--ciphers', 'AES256-SHA')).toMatch(/^group +none: key exchange by RSA, without forward secrecy$/m)
  })

  it('that OCSP was not asked for, where verification is skipped', async () => {
    const { port } = await startOpensslServer(localhost, 'TLSv1.3')
    expect(await words(port, '--dangerously-skip-verification')).toMatch(/^OCSP +not asked for$/m)
  })

  it('that early data went later, and that a session was not taken up', async () => {
    const { port } = await startOpensslServer(localhost, 'TLSv1.3', ['-early_data'])
    writeFileSync(file('early'), 'a question\n')
    const flags = ['--session', file('kept'), '--early', file('early')]
    expect(await words(port, ...flags)).toMatch(/^session +new\nearly data +not sent, but after the handshake$[^]*; sent 11 bytes; /m)
    const other = await startOpensslServer(localhost, 'TLSv1.3', ['-early_data'])
    expect(await words(other.port, ...flags)).toMatch(/^session +new: the one that was offered is not taken up\nearly data +\w+/m)
    expect((await told(other.port, ...flags)).sentBytes).toBe(11)
  })

  it('nothing of what was sent, if a server that wants a certificate first does not let it be known', async () => {
    const flags = ['-Verify', '1', '-verify_return_error', '-CAfile', authority.ca.certFile]
    const { port } = await startOpensslServer(localhost, 'TLSv1.2', flags)
    const { chain } = await told(port, '--servername', 'other.example')
    expect(chain!.map(({ sent }) => sent)).toEqual([undefined, undefined])
  })

  it('what is wrong with an OCSP response', async () => {
    const other = ocspFile(authority, authority.leaf())
    const { port } = await startOpensslServer(localhost, 'TLSv1.3', ['-www', '-status_file', other])
    const printed = await words(port)
    expect(printed).toMatch(/^✗ localhost:\d+: not verified: the stapled OCSP response is about another certificate, or does not know this one$/m)
    expect(printed).toMatch(/\nwhat to do\n- the server's operator must have it staple a new response/)
  })

  it('which certificates were sent, where none of them has the key of --pin', async () => {
    const { port } = await startOpensslServer(localhost, 'TLSv1.3')
    const { chain, error } = await told(port, '--pin', `sha256/${Buffer.alloc(32).toString('base64')}`)
    expect(error!.code).toBe('ERR_TLS_CERT_PIN_MISMATCH')
    expect(chain!.map(({ sent }) => sent)).toEqual([true, false])
  })

  it('which certificate of the chain is at fault, which were sent, and saves those', async () => {
    const leaf = between.leaf()
    writeFileSync(file('wrong-chain.pem'), localhost.cert)
    const { port } = await startOpensslServer(leaf, 'TLSv1.3', ['-www', '-cert_chain', file('wrong-chain.pem')])
    const saved = file('saved.pem')
    const { chain, otherCertificates } = await told(port, '--save-chain', saved)
    expect(chain).toMatchObject([{ subject: 'CN=localhost', sent: true }])
    expect(otherCertificates).toHaveLength(1)
    expect(readFileSync(saved, 'utf8').match(/-----BEGIN CERTIFICATE-----/g)).toHaveLength(2)

    const right = await startOpensslServer(localhost, 'TLSv1.3', ['-www'])
    const { chain: whole } = await told(right.port, '--servername', 'other.example')
    expect(whole!.map(({ sent }) => sent)).toEqual([true, false])
    expect(await words(right.port, '--servername', 'other.example')).toMatch(/^CN=libssl-wasm test CA,O=libssl-wasm \(not sent\)$/m)

    const child = issuedBy(localhost)
    const noCa = await startOpensslServer(child, 'TLSv1.3', ['-www', '-cert_chain', localhost.certFile])
    expect(await words(noCa.port)).toMatch(/^✗ localhost:\d+: not verified: CN=localhost: is no CA, but has issued a certificate/)
  })

  it('that a name in the subject does not count', async () => {
    const { port } = await startOpensslServer(authority.leaf({ san: 'email:nobody@localhost' }), 'TLSv1.3')
    expect(await words(port)).toMatch(/not for localhost: it holds no name, as its subject does not count/)
  })

  it('names of a certificate as what they are, if they would move a cursor or be run by a shell', async () => {
    const { port } = await startOpensslServer(authority.leaf({ san: 'DNS:x;touch y,DNS:a\x1b[31mred' }), 'TLSv1.3')
    const printed = await words(port)
    expect(printed).toContain('it is for "x;touch y", "a\\u001b[31mred"')
    expect(printed).not.toContain('\x1b')
    expect(printed).toMatch(/--servername NAME$/m)
  })

  it('what to do, in terms of flags, in JSON too', async () => {
    const spoken = await startOpensslServer(localhost, 'TLSv1.2')
    expect((await told(spoken.port, '--min', '1.3')).error!.message).toContain('--min would allow TLSv1.2')
    const alone = temporaryAuthority('alone')
    const strange = await startOpensslServer(alone.leaf(), 'TLSv1.3')
    const { advice } = await told(strange.port)
    expect(advice).toEqual([expect.stringContaining('--additional-ca FILE'), expect.stringContaining('intermediate')])
  })

  it('what to do about a connection that is reset, and a name that is not known', async () => {
    const reset = await serveTcp((socket) => socket.once('data', () => socket.resetAndDestroy()))
    expect(await words(reset)).toMatch(/ECONNRESET[^]*\nwhat to do\n- the server, or a firewall before it, has cut the connection/)
    const unknown = await serveTcp((socket) => socket.once('data', () => socket.end(Uint8Array.of(21, 3, 3, 0, 2, 2, 112))))
    expect(await words(unknown)).toMatch(/\nwhat to do\n- .*--servername NAME/)
  })

  it('nothing of a password or a token in the URL of a relay', async () => {
    const { stdout } = await runCommand(['connect', 'localhost:1', '--check', '--via', 'ws://user:s3cret@127.0.0.1:1/?token=s3cret'])
    expect(stdout).toContain('through ws://127.0.0.1:1')
    expect(stdout).not.toContain('s3cret')
  })
})

/** A leaf that one which is no CA has issued. */
function issuedBy(issuer: KeyPair): KeyPair {
  const [keyFile, request, certFile, extensions] = [file('child.key'), file('child.csr'), file('child.pem'), file('child.ext')]
  writeFileSync(extensions, 'subjectAltName=DNS:localhost\n')
  openssl('req', '-new', '-newkey', ...EC, '-nodes', '-keyout', keyFile, '-subj', '/CN=child', '-out', request)
  openssl('x509', '-req', '-in', request, '-CA', issuer.certFile, '-CAkey', issuer.keyFile, '-CAcreateserial', '-days', '2',
    '-extfile', extensions, '-out', certFile)
  return { certFile, keyFile, cert: readFileSync(certFile, 'utf8'), key: readFileSync(keyFile, 'utf8') }
}
