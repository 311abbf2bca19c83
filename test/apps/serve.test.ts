// `libssl-wasm serve` as users run it, with clients that others wrote.

import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { createInterface } from 'node:readline'
import { describe, expect, it, onTestFinished } from 'vitest'
import { generateEchKey } from '../../src/index.js'
import { ocspFile } from '../../tools/revocation.js'
import { authority, date, file, localhost, openssl, temporaryAuthority } from '../helpers/certificates.js'
import { runCommand, startCommand, type Running } from '../helpers/cli.js'
import { client, versions } from '../interop/peers/matrix.js'
import { startOpensslClient, versionFlag } from '../interop/peers/openssl.js'
import { Peer } from '../interop/peers/process.js'
import { HOST, listening } from '../interop/peers/tcp.js'

interface Told {
  readonly role: string
  readonly peer: string
  readonly exitStatus: number
  readonly connection?: Readonly<Record<string, unknown>>
  readonly chain?: readonly { readonly subject: string; readonly faults: readonly { readonly code: string }[] }[]
  readonly error?: { readonly code: string }
  readonly receivedBytes: number
  readonly sentBytes: number
}

const identity = ['--cert', localhost.certFile, '--key', localhost.keyFile]
const trusting = ['--ca', authority.ca.certFile]

interface Serving extends Running {
  readonly port: number
  /** The next line of JSON. */
  readonly told: () => Promise<Told>
}

/** Starts `serve --json`, or with `--stdio` another form. */
async function serve(...args: readonly string[]): Promise<Serving> {
  const running = startCommand(['serve', ...identity, '--json', ...args])
  const out = args.includes('--stdio') ? running.child.stderr : running.child.stdout
  const lines = createInterface(out)[Symbol.asyncIterator]()
  const next = async () => JSON.parse((await lines.next()).value as string) as unknown
  const { listening: at } = await next() as { listening: string }
  return { ...running, port: Number(at.split(':')[1]), told: next as () => Promise<Told> }
}

describe.each(versions)('serve, with openssl s_client and %s', { timeout: 60_000 }, (version) => {
  it('is an echo, and says what was agreed', async () => {
    const { port, told, child } = await serve('--alpn', 'h2,http/1.1', '--ocsp-response', ocspFile(authority, localhost))
    const peer = await startOpensslClient(port, version, ['-alpn', 'http/1.1', '-status', '-ign_eof'])
    await peer.printed(/OCSP Response Status: successful/)
    await peer.printed(/ALPN protocol: http\/1\.1/)
    peer.stdin.write('hello there\n')
    await peer.printed(/hello there/)
    await peer.stop()
    const diagnosis = await told()
    expect(diagnosis).toMatchObject({
      role: 'server', peer: expect.stringMatching(/^#1 127\.0\.0\.1:\d+$/), receivedBytes: 12, sentBytes: 12,
      connection: { protocol: version, servername: 'localhost', alpnProtocol: 'http/1.1', resumed: false },
    })
    child.kill('SIGTERM')
    expect(await once(child, 'exit')).toEqual([0, null])
  })

  it('resumes sessions, but not with --no-sessions', async () => {
    for (const flags of [[], ['--no-sessions']]) {
      const { port, told } = await serve(...flags)
      const kept = file(`served-${version}-${flags.length}`)
      const args = ['connect', `localhost:${port}`, ...trusting, '--check', '--max', version.slice(4), '--session', kept]
      for (let i = 0; i < 2; i++) expect((await runCommand(args)).status).toBe(0)
      expect((await told()).connection).toMatchObject({ resumed: false })
      expect((await told()).connection).toMatchObject({ resumed: flags.length === 0 })
    }
  })

  it('--ca: a client that shows a certificate, one that does not, one of another CA', async () => {
    const { port, told } = await serve(...trusting)
    const good = await startOpensslClient(port, version, ['-cert', client.certFile, '-key', client.keyFile, '-ign_eof'])
    good.stdin.write('hello\n')
    await good.printed(/hello/) // its own words may stand on the same line
    await good.stop()
    const [shown] = (await told()).chain!
    expect(shown).toMatchObject({ subject: 'CN=client', faults: [] })
    await (await startOpensslClient(port, version)).end()
    expect(await told()).toMatchObject({ exitStatus: 4, error: { code: 'ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE' } })
    const other = temporaryAuthority('of others').leaf({ name: 'other' })
    await (await startOpensslClient(port, version, ['-cert', other.certFile, '-key', other.keyFile])).end()
    expect(await told()).toMatchObject({
      exitStatus: 3, error: { code: 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY' },
      chain: [{ subject: 'CN=other', faults: [{ code: 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY' }] }],
    })
    const optional = await serve(...trusting, '--client-certificate', 'optional', '--once')
    expect((await runCommand(['connect', `localhost:${optional.port}`, ...trusting, '--check'])).status).toBe(0)
    expect((await optional.ended).status).toBe(0)
  })
})

describe('serve', { timeout: 60_000 }, () => {
  it('--stdio carries a file to one client, and what that sends to standard output', async () => {
    const { port, child, ended } = await serve('--stdio')
    child.stdout.once('data', () => child.stdin.end('a page')) // the client has ended its direction by then, or will
    const peer = await runCommand(['connect', `localhost:${port}`, ...trusting], 'a question')
    expect(peer).toMatchObject({ status: 0, stdout: 'a page' })
    expect(await ended).toMatchObject({ status: 0, stdout: 'a question' })
  })

  it('--once has the exit status of the connection', async () => {
    const { port, ended } = await serve('--once', '--min', '1.3')
    const peer = await Peer.start('openssl', ['s_client', '-connect', `${HOST}:${port}`, versionFlag['TLSv1.2']])
    await peer.end()
    expect((await ended).status).toBe(4)
  })

  it('--max-early takes early data, once', async () => {
    const { port, told } = await serve('--max-early', '100')
    const [kept, early] = [file('served-early'), file('early.txt')]
    writeFileSync(early, 'early\n')
    const run = () => runCommand(['connect', `localhost:${port}`, ...trusting, '--session', kept, '--early', early])
    expect(await run()).toMatchObject({ status: 0, stdout: 'early\n' })
    expect((await told()).connection).toMatchObject({ earlyData: 'not sent' })
    const replayed = readFileSync(kept)
    expect(await run()).toMatchObject({ status: 0, stdout: 'early\n' })
    expect((await told()).connection).toMatchObject({ earlyData: 'accepted' })
    writeFileSync(kept, replayed)
    expect(await run()).toMatchObject({ status: 0, stdout: 'early\n' }) // sent once more, after the handshake
    expect((await told()).connection).toMatchObject({ earlyData: expect.not.stringMatching('accepted') })
  })

  it('--ech-key reads the true name', async () => {
    const { pem, configList } = await generateEchKey({ publicName: 'public.example' })
    writeFileSync(file('served-ech.pem'), pem)
    const { port, told } = await serve('--ech-key', file('served-ech.pem'))
    const list = Buffer.from(configList).toString('base64')
    expect((await runCommand(['connect', `localhost:${port}`, ...trusting, '--check', '--ech', list])).status).toBe(0)
    expect((await told()).connection).toMatchObject({ ech: 'accepted', servername: 'localhost', outerServername: 'public.example' })
  })

  it('in words, without colours in a pipe', async () => {
    const running = startCommand(['serve', ...identity, '--once', '--trace'])
    const [first] = await once(createInterface(running.child.stdout), 'line') as [string]
    await runCommand(['connect', `localhost:${/:(\d+)$/.exec(first)![1]}`, ...trusting], 'x')
    const { stdout, stderr, status } = await running.ended
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    expect(stdout).toMatch(/^ +\d+\.\d ms ← handshake ClientHello, /m)
    expect(stdout).toMatch(/^✓ #1 127\.0\.0\.1:\d+: a client without a certificate, which asks for localhost$/m)
    expect(stdout).toMatch(/^#1 127\.0\.0\.1:\d+: received 1 byte, the first after /m)
    expect(stdout).not.toContain('\x1b')
  })

  it('tells of a client without a certificate, and names the flag that would let it in', async () => {
    const running = startCommand(['serve', ...identity, ...trusting, '--once'])
    const [first] = await once(createInterface(running.child.stdout), 'line') as [string]
    await runCommand(['connect', `localhost:${/:(\d+)$/.exec(first)![1]}`, ...trusting, '--check'])
    const { stdout, status } = await running.ended
    expect(status).toBe(4)
    expect(stdout).toMatch(/; --client-certificate optional lets in those that have none \(ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE\)$/m)
  })

  it('says in JSON that a client without a certificate is not verified', async () => {
    const { port, told } = await serve()
    expect((await runCommand(['connect', `localhost:${port}`, ...trusting, '--check'])).status).toBe(0)
    expect(await told()).toMatchObject({ exitStatus: 0, verified: false, connection: { verifyResult: 'X509_V_OK' } })
  })

  it('--once, ended by a signal in the middle of the connection, exits with 0', async () => {
    const { port, child, ended } = await serve('--once')
    const client = startCommand(['connect', `localhost:${port}`, ...trusting])
    client.child.stdin.write('x')
    await once(client.child.stdout, 'data')
    child.kill('SIGTERM')
    expect((await ended).status).toBe(0)
    await client.ended
  })

  it('takes an IPv6 address in brackets', async () => {
    const { child } = startCommand(['serve', ...identity, '--host', '[::1]'])
    const [first] = await once(createInterface(child.stdout), 'line') as [string]
    expect(first).toMatch(/^listening on \[::1\]:\d+$/)
  })

  it('exits with 1 where it cannot listen', async () => {
    const server = createServer()
    onTestFinished(() => void server.close())
    const { status, stderr } = await runCommand(['serve', ...identity, '--port', String(await listening(server))])
    expect(status).toBe(1)
    expect(stderr).toContain('EADDRINUSE')
  })

  it('shows an expired certificate only with --use-expired-cert, which the refusal names', async () => {
    const expired = authority.leaf({ notBefore: date(-40), notAfter: date(-2) })
    const args = ['--cert', expired.certFile, '--key', expired.keyFile]
    const refused = await runCommand(['serve', ...args])
    expect(refused.status).toBe(2)
    expect(refused.stderr).toContain('give --use-expired-cert to use it nevertheless')
    const running = startCommand(['serve', ...args, '--use-expired-cert', '--once', '--json'])
    const [first] = await once(createInterface(running.child.stdout), 'line') as [string]
    const port = (JSON.parse(first) as { listening: string }).listening.split(':')[1]!
    const client = await runCommand(['connect', `localhost:${port}`, ...trusting, '--check', '--json'])
    expect(client.status).toBe(3)
    expect(JSON.parse(client.stdout)).toMatchObject({ error: { code: 'CERT_HAS_EXPIRED' } })
    expect((await running.ended).status).toBe(4)
  })

  it.each([
    [['--cert', 'nope', '--key', localhost.keyFile], '--cert: ENOENT'],
    [['--cert', localhost.keyFile, '--key', localhost.keyFile], '--cert'],
    [['--cert', localhost.certFile, '--key', client.keyFile], '--key'],
    [[...identity, '--acept', '1'], "no flag '--acept'"],
    [[...identity, '-accept', '1'], "'-accept': did you mean '--port'?"],
    [[...identity, '-cipher', 'x'], "'-cipher': did you mean '--ciphers'?"],
    [[...identity, '--port', '70000'], '--port must be at most 65535'],
    [[...identity, '--host', ''], '--host must not be empty'],
    [[...identity, '--keylog', '/usr'], '--keylog cannot be appended to'],
    [[...identity, '--ocsp-response', localhost.certFile], '--ocsp-response was refused'],
    [[...identity, '--max-early', '9', '--no-sessions'], '--max-early needs sessions'],
    [[...identity, '--client-certificate', 'never'], '--client-certificate must be'],
    [[...identity, '--client-certificate', 'required'], '--client-certificate'],
    [[...identity, '--groups', 'nonsense'], '--groups'],
    [[...identity, 'x'], 'x'],
  ])('%j says what is wrong, and exits with 2', async (args, words) => {
    const { status, stdout, stderr } = await runCommand(['serve', ...args])
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' })
    expect(stderr).toContain(words)
    expect(stderr).toContain('try: libssl-wasm serve --help')
    expect(stderr).not.toContain('    at ')
  })

  it('--help has a command that makes a certificate, which it takes', async () => {
    const { stderr } = await runCommand(['serve'])
    const command = /openssl (req .*)$/m.exec(stderr)![1]!
    const [key, cert] = [file('made.key'), file('made.pem')]
    openssl(...command.replace('key.pem', key).replace('cert.pem', cert).split(' '))
    const running = startCommand(['serve', '--cert', cert, '--key', key, '--once', '--json'])
    const [first] = await once(createInterface(running.child.stdout), 'line') as [string]
    const port = (JSON.parse(first) as { listening: string }).listening.split(':')[1]!
    expect((await runCommand(['connect', `localhost:${port}`, '--ca', cert, '--check'])).status).toBe(0)
    expect((await running.ended).status).toBe(0)
  })
})
