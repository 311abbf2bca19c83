// `libssl-wasm connect` as users run it, with servers that others wrote: what it says, where it says it, and its exit status.

import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { generateEchKey } from '../../src/index.js'
import { ocspFile } from '../../tools/revocation.js'
import { authority, date, file, localhost, temporaryAuthority, type KeyPair } from '../helpers/certificates.js'
import { MAIN, runCommand, startCommand } from '../helpers/cli.js'
import { deafPort, unusedPort } from '../helpers/ports.js'
import { setUpRelay } from '../helpers/relays.js'
import { client, versions } from '../interop/peers/matrix.js'
import { startOpensslServer } from '../interop/peers/openssl.js'
import { startOpenssl4Server } from '../interop/peers/openssl4.js'
import { acceptOne, serveTcp } from '../interop/peers/tcp.js'

interface Told {
  readonly exitStatus: number
  readonly verified: boolean
  readonly connection?: Readonly<Record<string, unknown>>
  readonly certificateRequest?: { readonly caNames: readonly string[] }
  readonly chain?: readonly { readonly subject: string; readonly faults: readonly { readonly code: string; readonly words: string }[] }[]
  readonly chainIssuer?: string
  readonly error?: { readonly code: string; readonly message: string; readonly exitStatus: number }
  readonly sessions: number
  readonly receivedBytes: number
  readonly timeline: readonly { readonly name: string; readonly ms: number }[]
  readonly trace?: readonly { readonly ms: number; readonly name: string }[]
}

const trusting = ['--ca', authority.ca.certFile]
const stranger = temporaryAuthority('a stranger')

/** Runs `connect localhost:PORT --check --json`; returns the diagnosis and the exit status. */
async function check(port: number, ...args: readonly string[]): Promise<{ told: Told; status: number | null }> {
  const { status, stdout, stderr } = await runCommand(['connect', `localhost:${port}`, '--check', '--json', ...args])
  expect(stderr).toBe('')
  return { told: JSON.parse(stdout) as Told, status }
}

const faultsOf = ({ chain = [] }: Told) => chain.map(({ faults }) => faults.map(({ code }) => code))

describe.each(versions)('connect, with a server of %s', { timeout: 60_000 }, (version) => {
  it('says what was agreed', async () => {
    const { port } = await startOpensslServer(
      localhost, version, ['-www', '-alpn', 'h2,http/1.1', '-status_file', ocspFile(authority, localhost)],
    )
    const { told, status } = await check(port, ...trusting, '--alpn', 'http/1.1,h2')
    expect(status).toBe(0)
    expect(told).toMatchObject({
      role: 'client', peer: `localhost:${port}`, servername: 'localhost', exitStatus: 0, verified: true,
      chainIssuer: 'CN=libssl-wasm test CA,O=libssl-wasm', chain: [{ subject: 'CN=localhost', faults: [] }],
      connection: {
        protocol: version, cipher: expect.stringContaining('CHACHA20'), group: 'x25519', peerSignatureAlgorithm: 'ecdsa_secp256r1_sha256',
        alpnProtocol: 'h2', ech: 'grease', ocspStapled: true, resumed: false, earlyData: 'not sent', verifyResult: 'X509_V_OK',
      },
    })
    expect(told.timeline.map(({ name }) => name).filter((name) => name !== 'first byte')).toEqual(['connected', 'handshake', 'end'])
  })

  it('--min and --max: what is not spoken by both is the peer\'s refusal', async () => {
    const { port } = await startOpensslServer(localhost, version)
    const other = version === 'TLSv1.2' ? ['--min', '1.3'] : ['--max', '1.2']
    const { told, status } = await check(port, ...trusting, ...other)
    expect(status).toBe(4)
    expect(told.error).toMatchObject({ code: 'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION', exitStatus: 4 })
    expect((await check(port, ...trusting, '--min', version, '--max', version.slice(4))).status).toBe(0)
  })

  it('--session is taken up, twice, and kept for its owner alone', async () => {
    const { port } = await startOpensslServer(localhost, version)
    const kept = file(`session-${version}`)
    const runs = []
    for (let i = 0; i < 3; i++) runs.push(await check(port, ...trusting, '--session', kept))
    expect(runs.map(({ status, told }) => [status, told.connection!['resumed']])).toEqual([[0, false], [0, true], [0, true]])
    expect(statSync(kept).mode & 0o777).toBe(0o600)
  })

  it('a client certificate: asked for, and shown', async () => {
    const { port } = await startOpensslServer(
      localhost, version, ['-www', '-Verify', '1', '-verify_return_error', '-CAfile', authority.ca.certFile],
    )
    const without = await check(port, ...trusting)
    expect(without).toMatchObject({
      status: 4, told: { certificateRequest: { caNames: ['CN=libssl-wasm test CA,O=libssl-wasm'] }, error: { exitStatus: 4 } },
    })
    expect(without.told.error!.message).toContain('the server asked for a certificate')
    const { stdout } = await runCommand(['connect', `localhost:${port}`, '--check', ...trusting])
    expect(stdout).toMatch(/the server asked for a certificate.*: give --cert and --key \(ERR_/)
    const shown = await check(port, ...trusting, '--cert', client.certFile, '--key', client.keyFile)
    expect(shown).toMatchObject({ status: 0, told: { verified: true } })
    expect(shown.told.certificateRequest).toBeUndefined()
  })

  it('--keylog has the secrets, and --save-chain what the server sent', async () => {
    const { port } = await startOpensslServer(localhost, version)
    const [keys, chain] = [file(`keys-${version}`), file(`chain-${version}.pem`)]
    expect((await check(port, ...trusting, '--keylog', keys, '--save-chain', chain)).status).toBe(0)
    expect(readFileSync(keys, 'utf8')).toMatch(version === 'TLSv1.3' ? /^CLIENT_TRAFFIC_SECRET_0 /m : /^CLIENT_RANDOM /m)
    expect(readFileSync(chain, 'utf8').trim()).toBe(localhost.cert.trim())
  })

  it('--trace tells of messages, in JSON and in words', async () => {
    const { port } = await startOpensslServer(localhost, version)
    const { told } = await check(port, ...trusting, '--trace')
    expect(told.trace!.map(({ name }) => name)).toEqual(expect.arrayContaining(['ClientHello', 'ServerHello', 'Finished']))
    const { stdout } = await runCommand(['connect', `localhost:${port}`, '--check', ...trusting, '--trace'])
    expect(stdout).toMatch(/^ +\d+\.\d ms → handshake ClientHello, [\d,]+ bytes \(TLSv1\.[23]\)$/m)
  })

  it('standard input and output are the data alone, in both directions', async () => {
    const { port, connection } = await acceptOne({ minVersion: version, maxVersion: version })
    const echoed = connection.then(({ readable, writable }) => readable.pipeTo(writable))
    const { child, ended } = startCommand(['connect', `localhost:${port}`, ...trusting])
    const chunks: Buffer[] = []
    child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk))
    const sent = randomBytes(1_000_000)
    child.stdin.end(sent)
    const { status, stderr } = await ended
    await echoed
    expect(status).toBe(0)
    expect(Buffer.concat(chunks).equals(sent)).toBe(true)
    expect(stderr).toMatch(/^✓ localhost:\d+: verified as localhost\n\nversion +TLSv1\.\d\nsuite +TLS_/)
    expect(stderr).toMatch(/received 1,000,000 bytes, the first after [\d.]+ ms; sent 1,000,000 bytes; /)
    expect(stderr).not.toContain('\x1b')
  })
})

describe('connect, and a certificate that is refused', { timeout: 60_000 }, () => {
  const cases = {
    expired: [
      authority.leaf({ notBefore: date(-40), notAfter: date(-12.1) }), trusting, [['CERT_HAS_EXPIRED'], []], /expired 12 days ago, at /,
      /must renew it/,
    ],
    early: [
      authority.leaf({ notBefore: date(3.1), notAfter: date(9) }), trusting, [['CERT_NOT_YET_VALID', 'EXPIRES_SOON'], []],
      /not valid before .*, in 3 days/, /set the clock/,
    ],
    'for another name': [authority.leaf({ san: 'DNS:other.example,IP:2001:db8::1' }), trusting, [['ERR_TLS_CERT_ALTNAME_INVALID'], []],
      /not for localhost: it is for other\.example, 2001:db8::1/, /--servername other\.example/],
    'self-signed': [
      authority.leaf({ name: 'self', selfSigned: true }), trusting, [['DEPTH_ZERO_SELF_SIGNED_CERT']], /self-signed/,
      /--save-chain server\.pem/,
    ],
    'of an unknown issuer': [
      stranger.leaf(), trusting, [['UNABLE_TO_GET_ISSUER_CERT_LOCALLY']], /issuer unknown: CN=a stranger,O=libssl-wasm/,
      /--additional-ca FILE/,
    ],
    weak: [
      authority.leaf({ newkey: ['rsa:1024'] }), trusting, [['EE_KEY_TOO_SMALL'], []], /weak key: RSA of 1024 bits/,
      /--dangerously-low-security-level 1/,
    ],
    'all of it': [stranger.leaf({ san: 'DNS:other.example', notBefore: date(-40), notAfter: date(-12) }), trusting,
      [['UNABLE_TO_GET_ISSUER_CERT_LOCALLY', 'CERT_HAS_EXPIRED', 'ERR_TLS_CERT_ALTNAME_INVALID']], /expired/, /renew/],
  } as const
  it.each(Object.keys(cases) as (keyof typeof cases)[])('%s: all that is wrong, and what to do', async (name) => {
    const [identity, args, codes, words, advice] = cases[name]
    const { port } = await startOpensslServer(identity, 'TLSv1.3', ['-www', '-cipher', 'DEFAULT:@SECLEVEL=0'])
    const [json, human] = await Promise.all([check(port, ...args), runCommand(['connect', `localhost:${port}`, '--check', ...args])])
    expect(json).toMatchObject({ status: 3, told: { verified: false, exitStatus: 3, error: { exitStatus: 3 } } })
    expect(faultsOf(json.told).map((found) => [...found].sort())).toEqual(codes.map((some) => [...some].sort()))
    expect(human).toMatchObject({ status: 3, stderr: '' })
    expect(human.stdout).toMatch(words)
    expect(human.stdout).toMatch(advice)
    expect(human.stdout).toMatch(/^✗ localhost:\d+: not verified: .*\n\ncertificates\n/)
  })

  it('what the error knows of the trust anchors', async () => {
    const hint = async (identity: KeyPair, ...anchors: readonly string[]) => {
      const { port } = await startOpensslServer(identity, 'TLSv1.3')
      return (await runCommand(['connect', `localhost:${port}`, '--check', ...anchors])).stdout
    }
    const again = temporaryAuthority('a stranger')
    expect(await hint(stranger.leaf(), '--ca', again.ca.certFile)).toMatch(/\nwhat to do\n- another trust anchor has the same name: /)
    expect(await hint(localhost, '--ca', localhost.certFile)).toMatch(/\nwhat to do\n- it is among the trust anchors itself.* --partial-chain/)
    expect(await hint(stranger.leaf(), ...trusting)).not.toContain('the same name')
  })

  it('an OCSP response that is required, and is not there or says that it is revoked', async () => {
    const { port } = await startOpensslServer(localhost, 'TLSv1.3')
    expect(await check(port, ...trusting, '--ocsp', 'require')).toMatchObject({ status: 3, told: { error: { code: 'OCSP_NO_RESPONSE' } } })
    const revoked = await startOpensslServer(
      localhost, 'TLSv1.3', ['-www', '-status_file', ocspFile(authority, localhost, { status: 'revoked' })],
    )
    const { told, status } = await check(revoked.port, ...trusting)
    expect({ status, faults: faultsOf(told)[0] }).toEqual({ status: 3, faults: ['CERT_REVOKED'] })
  })

  it('a server that is there only once: what the first connection has seen', async () => {
    const { port } = await startOpensslServer(stranger.leaf(), 'TLSv1.3', ['-www', '-naccept', '1'])
    expect(faultsOf((await check(port, ...trusting)).told)).toEqual([['UNABLE_TO_GET_ISSUER_CERT_LOCALLY']])
  })

  it('--dangerously-skip-verification goes on, and says so', async () => {
    const { port } = await startOpensslServer(stranger.leaf(), 'TLSv1.3')
    const { stdout, status } = await runCommand(['connect', `localhost:${port}`, '--check', ...trusting, '--dangerously-skip-verification'])
    expect(status).toBe(0)
    expect(stdout).toMatch(/^✗ localhost:\d+: not verified, and taken all the same: issuer unknown/)
  })

  it('the certificate of a self-signed server, saved, is trusted as --ca', async () => {
    const { port } = await startOpensslServer(authority.leaf({ name: 'self', selfSigned: true }), 'TLSv1.3')
    const saved = file('saved.pem')
    expect((await check(port, '--save-chain', saved)).status).toBe(3)
    expect((await check(port, '--ca', saved)).status).toBe(0)
  })
})

describe('connect', { timeout: 60_000 }, () => {
  it('--early goes with the first flight of a session that allows it', async () => {
    const { port } = await startOpensslServer(localhost, 'TLSv1.3', ['-early_data'])
    const [kept, early] = [file('early-session'), file('early.txt')]
    writeFileSync(early, 'a question\n')
    const first = await check(port, ...trusting, '--session', kept, '--early', early)
    expect(first.told.connection).toMatchObject({ resumed: false, earlyData: 'not sent' })
    const second = await check(port, ...trusting, '--session', kept, '--early', early)
    expect(second).toMatchObject({ status: 0, told: { connection: { resumed: true, earlyData: 'accepted' } } })
  })

  it('--ech: base64, a file, an old list', async () => {
    const [current, other] = await Promise.all([generateEchKey({ publicName: 'localhost' }), generateEchKey({ publicName: 'localhost' })])
    writeFileSync(file('ech.pem'), current.pem)
    const identity = authority.leaf({ san: 'DNS:localhost,DNS:hidden.example' })
    const { port } = await startOpenssl4Server(identity, 'TLSv1.3', ['-www', '-ech_key', file('ech.pem')])
    const hidden = [...trusting, '--servername', 'hidden.example']
    const accepted = { status: 0, told: { connection: { ech: 'accepted', servername: 'hidden.example', outerServername: 'localhost' } } }
    const base64 = Buffer.from(current.configList).toString('base64')
    expect(await check(port, ...hidden, '--ech', base64)).toMatchObject(accepted)
    expect(await check(port, ...hidden, '--ech', file('ech.pem'))).toMatchObject(accepted)
    writeFileSync(file('ech.bin'), current.configList)
    expect(await check(port, ...hidden, '--ech', file('ech.bin'))).toMatchObject(accepted)
    const { status, stdout } = await runCommand([
      'connect', `localhost:${port}`, '--check', ...hidden, '--ech', Buffer.from(other.configList).toString('base64'),
    ])
    expect(status).toBe(4)
    const [, retry] = /try once more with the list that the server offers: --ech (\S+)/.exec(stdout) ?? []
    expect(await check(port, ...hidden, '--ech', retry!)).toMatchObject(accepted)
  })

  it('--via goes through the relay, with its token; what that refuses is the network\'s fault', async () => {
    const { port } = await startOpensslServer(localhost, 'TLSv1.3')
    const { relay } = await setUpRelay({ allow: [`localhost:${port}`], token: 's3cret' })
    const via = [...trusting, '--via', relay.url]
    expect(await check(port, ...via)).toMatchObject({ status: 5, told: { error: { exitStatus: 5 } } })
    writeFileSync(file('token'), 's3cret\n')
    const { told, status } = await check(port, ...via, '--via-token-file', file('token'))
    expect({ status, names: told.timeline.map(({ name }) => name).slice(0, 2) }).toEqual({ status: 0, names: ['connected', 'handshake'] })
    const elsewhere = await runCommand(['connect', 'localhost:1', '--check', '--json', ...via], '', { LIBSSL_WASM_RELAY_TOKEN: 's3cret' })
    expect(elsewhere.status).toBe(5)
    expect((JSON.parse(elsewhere.stdout) as Told).error!.code).toBe('ERR_TLS_RELAY_TARGET_NOT_ALLOWED')
  })

  it('no connection, no answer, and an answer that is not TLS', async () => {
    expect(await check(await unusedPort())).toMatchObject({ status: 5, told: { error: { code: 'ERR_TLS_TRANSPORT' } } })
    expect((await runCommand(['connect', 'no-such-host.invalid'])).status).toBe(5)
    expect(await check(await serveTcp((socket) => socket.resume()), '--timeout', '300'))
      .toMatchObject({ status: 7, told: { error: { code: 'ERR_TLS_HANDSHAKE_TIMEOUT' } } })
    expect((await check(await deafPort(), '--timeout', '300')).status).toBe(7)
    expect(await check(await serveTcp((socket) => socket.end('220 mail.example\r\n')))).toMatchObject({ status: 4 })
  })

  it.each([
    ['* OK hello\r\n', /does not speak TLS here.*\(--starttls imap\)/], ['220 hello\r\n', /\(--starttls smtp or ftp\)/],
    ['200 news\r\n', /\(--starttls PROTOCOL\)/], ['', /\(--starttls PROTOCOL\), as PostgreSQL does/],
  ])('a server that begins in the clear, by %j: names the flag', async (greeting, words) => {
    const port = await serveTcp((socket) => socket.end(greeting))
    expect((await runCommand(['connect', `localhost:${port}`, '--check'])).stdout).toMatch(words)
  })

  it('says what to do where there is no connection', async () => {
    const { stdout } = await runCommand(['connect', `localhost:${await unusedPort()}`, '--check'])
    expect(stdout).toMatch(/: the transport cannot connect: .*ECONNREFUSED/)
    expect(stdout).toMatch(/\nwhat to do\n- nothing listens on that port/)
    const nowhere = await runCommand(['connect', 'no-such-host.invalid', '--check'])
    expect(nowhere.stdout).toMatch(/\nwhat to do\n- (the name has no address|no name server answers)/)
  })

  it('a connection that is cut is 6, after what came', async () => {
    const { port, connection, socket } = await acceptOne()
    const { child, ended } = startCommand(['connect', `localhost:${port}`, ...trusting])
    const writer = (await connection).writable.getWriter()
    await writer.write(Buffer.from('so far'))
    await new Promise((resolve) => child.stdout.once('data', resolve))
    ;(await socket).end()
    const { status, stdout, stderr } = await ended
    expect({ status, stdout }).toEqual({ status: 6, stdout: 'so far' })
    expect(stderr).toContain('ERR_TLS_UNEXPECTED_EOF')
  })

  it('the end of standard input is close_notify; with --keep-open it is not', async () => {
    for (const keepOpen of [false, true]) {
      const { port, connection } = await acceptOne()
      const { ended } = startCommandWith('question', ['connect', `localhost:${port}`, ...trusting, ...(keepOpen ? ['--keep-open'] : [])])
      const { readable, writable } = await connection
      const reader = readable.getReader()
      expect(Buffer.from((await reader.read()).value!).toString()).toBe('question')
      const next = reader.read()
      if (!keepOpen) expect((await next).done).toBe(true)
      const writer = writable.getWriter()
      await writer.write(Buffer.from('answer'))
      await writer.close()
      expect(await ended).toMatchObject({ status: 0, stdout: 'answer' })
      await next.catch(() => {})
    }
  })

  it('a reader that has read enough ends it, and SIGINT does', async () => {
    const { port, connection } = await acceptOne()
    const piped = startCommand(['connect', `localhost:${port}`, ...trusting])
    piped.ended.catch(() => {}) // its output is not read to its end
    const exited = once(piped.child, 'exit')
    const writer = (await connection).writable.getWriter()
    await writer.write(Buffer.from('first'))
    await new Promise((resolve) => piped.child.stdout.once('data', resolve))
    piped.child.stdout.destroy()
    const flood = async () => { for (;;) await writer.write(new Uint8Array(65_536)) }
    await flood().catch(() => {})
    expect(await exited).toEqual([0, null])

    const second = await acceptOne()
    const interrupted = startCommand(['connect', `localhost:${second.port}`, ...trusting])
    await (await second.connection).opened
    await new Promise((resolve) => interrupted.child.stderr.once('data', resolve))
    interrupted.child.kill('SIGINT')
    expect((await interrupted.ended).status).toBe(130)
  })

  it('has colours on a terminal, unless NO_COLOR is set', async () => {
    const { port } = await startOpensslServer(localhost, 'TLSv1.3')
    const onTerminal = (env: NodeJS.ProcessEnv) => execFileSync('script',
      ['-qec', `'${process.execPath}' '${MAIN}' connect localhost:${port} --check --ca '${authority.ca.certFile}'`, '/dev/null'],
      { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, TERM: 'xterm', NO_COLOR: '', ...env } })
    expect(onTerminal({})).toContain('\x1b[32m✓\x1b[39m')
    expect(onTerminal({ NO_COLOR: '1' })).not.toContain('\x1b[')
  })

  it.each([
    [[], 'connect needs HOST:PORT'],
    [['a:1', 'b:2'], "what is 'b:2' for?"],
    [['https://example.com/x'], "is not HOST:PORT: give 'example.com'"],
    [['bücher.example:1'], "give 'xn--bcher-kva.example:1'"],
    [['localhost:99999'], 'with a port of 1 to 65535'],
    [['localhost:1', '--ca', '/usr'], "--ca: EISDIR: illegal operation on a directory, read '/usr'"],
    [['localhost:1', '--alpn', 'h2,'], '--alpn must be names with commas between them'],
    [['localhost:1', '--min', '--max', '1.3'], '--min needs a value: --min 1.2|1.3\n'],
    [['localhost:1', '--check=yes'], '--check takes no value\n'],
    [['localhost:1', '--sarttls', 'smtp'], "'--sarttls': did you mean '--starttls'?"],
    [['localhost:1', '--starttls', 'gopher'], '--starttls must be one of smtp, imap'],
    [['localhost:1', '-k'], '--dangerously-skip-verification'],
    [['localhost:1', '--insecure'], "give the server's CA as --ca FILE"],
    [['localhost:1', '-CAfile', 'x'], "'-CAfile': did you mean '--ca'?"],
    [['localhost:1', '-servername', 'x'], "'-servername': did you mean '--servername'?"],
    [['localhost:1', '--ca', 'nope'], "--ca: ENOENT: no such file or directory, open 'nope'"],
    [['localhost:1', '--ca', '/dev/null'], '--ca'],
    [['localhost:1', '--min', '1.1'], "--min must be 1.2 or 1.3, not '1.1'"],
    [['localhost:1', '--min', '1.3', '--max', '1.2'], '--min must not be above'],
    [['localhost:1', '--groups', 'X25519:nonsense'], "it does not know 'nonsense'"],
    [['localhost:1', '--groups', 'nonsense'], '--groups'],
    [['localhost:1', '--cert', localhost.certFile], '--key'],
    [['localhost:1', '--passphrase-file', localhost.certFile], '--passphrase-file has no effect without --key'],
    [['localhost:1', '--early', '/dev/null'], '--early'],
    [['localhost:1', '--ech', 'AAAA'], '--ech'],
    [['localhost:1', '--session', '/etc/hostname'], '--session'],
    [['localhost:1', '--timeout', 'soon'], '--timeout must be a whole number'],
    [['localhost:1', '--via', 'ftp://relay'], 'ftp:'],
    [['localhost:1', '--via-token-file', 'x'], '--via-token-file needs --via'],
    [['localhost:1', '--keylog', '/nowhere/at/all'], '--keylog'],
  ])('%j says what is wrong, and exits with 2', async (args, words) => {
    const { status, stdout, stderr } = await runCommand(['connect', ...args])
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' })
    expect(stderr).toContain(words)
    expect(stderr).toContain('try: libssl-wasm connect --help')
    expect(stderr).not.toContain('    at ')
    expect(existsSync('/nowhere')).toBe(false)
  })
})

function startCommandWith(input: string, args: readonly string[]) {
  const running = startCommand(args)
  running.child.stdin.end(input)
  return running
}
