// Connections whose OpenSSL is in a worker: they must not be told from others. The server's is here.

import { PassThrough } from 'node:stream'
import { Worker } from 'node:worker_threads'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  accept, ApiMisuseError, CertificateError, connect, InternalError, load, memoryServerSessionCache, memorySessionStore, memoryTransportPair,
  TicketKeys, TlsSession, TransportError, TruncationError, type AcceptOptions,
  type ConnectOptions, type IoEvent, type LibSsl, type TlsConnection, type TransportLike,
} from '../../../src/index.js'
import { createWorker, X509, type TlsWorker, type WorkerLike } from '../../../src/worker.js'
import type { Begin } from '../../../src/frontends/worker/protocol.js'
import {
  clientOptions, closeBoth, isPending, noise, readAll, rejection, serverOptions, turns, unhandledDuring, until, VERSIONS, writeAll,
  type PeersOptions,
} from '../../helpers/stream-peers.js'
import { authority, localhost } from '../../helpers/certificates.js'
import { FaultyTransport } from '../../helpers/faulty-transport.js'

/** Workers run what was built. */
const script = new URL('../../../dist/frontends/worker/libssl-wasm/worker-script.js', import.meta.url)

let libssl: LibSsl
let worker: TlsWorker
beforeAll(async () => {
  libssl = await load()
  worker = createWorker({ worker: script })
})
afterAll(() => worker.terminate())

function peers(options: PeersOptions = {}): { client: TlsConnection; server: TlsConnection } {
  const [near, far] = options.transports ?? memoryTransportPair()
  return {
    client: worker.connect(near, clientOptions(options)),
    server: accept(far, { libssl, ...serverOptions(options) } as AcceptOptions),
  }
}

async function opened(options: PeersOptions = {}): Promise<{ client: TlsConnection; server: TlsConnection }> {
  const both = peers(options)
  await Promise.all([both.client.opened, both.server.opened])
  return both
}

async function say({ writable }: TlsConnection, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
  await writeAll(writable, bytes, 30_000)
  await writable.close()
}

describe.each(VERSIONS)('createWorker().connect, %s', (version) => {
  it('tells what was agreed on', async () => {
    const both = await opened({ version, client: { alpnProtocols: ['h2'] }, server: { alpnProtocols: ['h2'] } })
    const info = await both.client.opened
    expect(info).toMatchObject({
      protocol: version, alpnProtocol: 'h2', servername: 'localhost', verifyResult: 'X509_V_OK',
      peerCertificate: { subject: 'CN=localhost' },
    })
    expect(info.peerCertificate!.validTo).toBeInstanceOf(Date)
    expect(info.peerCertificate!.raw).toBeInstanceOf(Uint8Array)
    await closeBoth(both)
  })

  it('takes limits and names as they are given', async () => {
    const short = peers({ version, client: { maxCertificateListBytes: 300 } })
    expect(await rejection(short.client.opened)).toMatchObject({ name: 'PeerError', code: 'ERR_SSL_EXCESSIVE_MESSAGE_SIZE' })
    await rejection(short.server.opened)
    const [near, far] = memoryTransportPair()
    const seen: string[][] = []
    const { ca } = clientOptions()
    const server = worker.accept(far, { ...serverOptions({ version }), ca, clientCaNames: [], maxCertificateListBytes: 5000 })
    const client = connect(
      near, {
        ...clientOptions({ version }),
        onCertificateRequest: ({ caNames }) => { seen.push([...caNames]); return { cert: localhost.cert, key: localhost.key } },
      },
    )
    await Promise.all([client.opened, server.opened])
    expect(seen).toEqual([[]])
    await closeBoth({ client, server })
  })

  it('takes and refuses the names that others do, in the same words', async () => {
    const { cert, key } = authority.leaf({ san: 'DNS:*.corp.test' })
    const both = await opened({ version, client: { servername: 'a_b.corp.test' }, server: { cert, key } })
    expect(await both.server.opened).toMatchObject({ servername: 'a_b.corp.test' })
    await closeBoth(both)
    const other = peers({ version, client: { servername: 'elsewhere.test' }, server: { cert, key } })
    const message = expect.stringContaining('not for elsewhere.test, but for DNS:*.corp.test') as string
    expect(await rejection(other.client.opened)).toMatchObject({ code: 'ERR_TLS_CERT_ALTNAME_INVALID', message })
    await rejection(other.server.opened)
    const url = peers({ version, client: { servername: 'https://localhost' } })
    expect(await rejection(url.client.opened)).toMatchObject({ code: 'ERR_TLS_INVALID_OPTION', option: 'servername' })
    await rejection(url.server.opened)
  })

  it('signs and asks for signatures as it is told, and takes the word for servers without RFC 5746', async () => {
    const { ca } = clientOptions()
    const { cert, key } = localhost // ECDSA
    const signing = (clientSignatureAlgorithms: string) =>
      ({ version, client: { cert, key, clientSignatureAlgorithms, dangerouslyAllowLegacyRenegotiation: true }, server: { ca: ca! } })
    await closeBoth(await opened(signing('ecdsa_secp256r1_sha256')))
    const mute = peers(signing('rsa_pss_rsae_sha256'))
    expect(await rejection(mute.server.opened)).toMatchObject({ code: 'ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE' })
    await rejection(mute.client.opened.then(() => readAll(mute.client.readable)))
    const [near, far] = memoryTransportPair()
    const server = worker.accept(far, { ...serverOptions({ version }), ca: ca!, clientSignatureAlgorithms: 'rsa_pss_rsae_sha256' })
    const client = connect(near, { ...clientOptions({ version }), cert, key })
    expect(await rejection(server.opened)).toMatchObject({ code: 'ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE' })
    await rejection(client.opened.then(() => readAll(client.readable)))
  })

  it('asks verify, and which certificate to show, on the page', async () => {
    const { ca } = clientOptions()
    const seen: string[] = []
    const both = await opened({
      version, server: { ca: ca! },
      client: {
        verify: async (chain, { verifyResult }) => { await turns(); seen.push(chain[0]!.subject, verifyResult) },
        onCertificateRequest: async ({ caNames }) => { seen.push(...caNames); return { cert: localhost.cert, key: localhost.key } },
      },
    })
    expect(seen).toEqual(['CN=localhost', 'X509_V_OK', 'CN=libssl-wasm test CA,O=libssl-wasm'])
    expect((await both.server.opened).peerCertificate?.subject).toBe('CN=localhost')
    await closeBoth(both)
    const refused = peers({ version, client: { verify: async () => false } })
    expect(await rejection(refused.client.opened)).toMatchObject({ name: 'CertificateError', code: 'APPLICATION_VERIFICATION' })
    expect(await rejection(refused.server.opened.then(() => readAll(refused.server.readable))))
      .toMatchObject({ alert: { from: 'peer', description: 46 } })
  })

  it('gives a close up at its limit, and the transport with it, when that takes nothing any more', async () => {
    const [near, far] = memoryTransportPair()
    const transport = new FaultyTransport(near)
    const { client, server } = await opened({ version, transports: [transport, far] })
    transport.stall()
    const writer = client.writable.getWriter()
    const written = rejection(writer.write(noise(2_000_000)))
    writer.releaseLock()
    const error = await rejection(client.close({ waitForPeerMs: 50 }))
    expect(error).toMatchObject({ name: 'DeadlineError', code: 'ERR_TLS_CLOSE_TIMEOUT' })
    expect([await rejection(client.closed), await written]).toEqual([error, error])
    expect(transport.aborted).toBeDefined()
    server.abort()
  })

  it.each(['locked', 'unlocked'])('closes again while the transport is taking our last word, writable %s', async (lock) => {
    const [near, far] = memoryTransportPair()
    const inner = near.writable.getWriter()
    let again: Promise<void> | undefined
    const writable = new WritableStream<Uint8Array>({
      write: (chunk) => inner.write(chunk),
      async close() {
        again = client.close({ waitForPeerMs: 20_000 })
        await inner.close()
      },
    })
    const server = accept(far, { libssl, ...serverOptions({ version }) } as AcceptOptions)
    const client: TlsConnection = worker.connect({ readable: near.readable, writable }, clientOptions({ version }))
    await Promise.all([client.opened, server.opened])
    if (lock === 'locked') client.writable.getWriter().closed.catch(() => {})
    await client.close()
    await again
    await client.closed
    await server.close()
  })

  it('reads what the transport has still to give when sending fails', async () => {
    const [near, far] = memoryTransportPair()
    const transport = new FaultyTransport(near)
    const { client, server } = await opened({ version, transports: [transport, far] })
    await writeAll(server.writable, noise(10_000))
    await server.writable.close()
    const cause = new Error('nobody takes this')
    transport.failWriting(cause)
    const writer = client.writable.getWriter()
    await rejection((async () => { for (;;) await writer.write(noise(30_000)) })())
    const error = await rejection(writer.closed)
    expect(error).toMatchObject({ name: 'TransportError', code: 'ERR_TLS_TRANSPORT', cause })
    expect(await readAll(client.readable)).toHaveLength(10_000)
    expect(await rejection(client.closed)).toBe(error)
    server.abort()
  })
})

describe('readable in worker mode', () => {
  it('delivers what came before the stream was cut, and then says so', async () => {
    const [near, far] = memoryTransportPair()
    const transport = new FaultyTransport(near)
    const { client, server } = await opened({ transports: [transport, far] })
    await writeAll(server.writable, noise(30_000))
    const reader = client.readable.getReader()
    const first = await reader.read()
    transport.endReading()
    let count = first.value!.byteLength
    const error = await rejection((async () => {
      for (let result; !(result = await reader.read()).done;) count += result.value.byteLength
    })())
    expect(error).toBeInstanceOf(TruncationError)
    expect(error).toMatchObject({ code: 'ERR_TLS_UNEXPECTED_EOF', opensslErrorStack: [{ code: 'ERR_SSL_UNEXPECTED_EOF_WHILE_READING' }] })
    expect(count).toBe(30_000)
    expect(await rejection(client.closed)).toBe(error)
    server.abort()
  })

  it('delivers what the page had read before its transport failed', async () => {
    const [near, far] = memoryTransportPair(1024 * 1024)
    const transport = new FaultyTransport(near)
    const { client, server } = await opened({ transports: [transport, far] })
    await writeAll(server.writable, noise(200_000))
    // More than the worker takes that nobody reads: the rest waits at its port, and the failure behind it.
    await turns(2000)
    const cause = new Error('unplugged')
    transport.failReading(cause)
    await turns(2000)
    let count = 0
    const error = await rejection((async () => {
      for await (const { byteLength } of client.readable) count += byteLength
    })())
    expect(count).toBe(200_000)
    expect((error as Error).cause).toBe(cause)
    server.abort()
  })
})

describe('errors in worker mode', () => {
  it('are the classes that they are elsewhere, with all that belongs to them', async () => {
    const { client, server } = peers({ client: { servername: 'elsewhere.example' } })
    const error = await rejection(client.opened)
    expect(error).toBeInstanceOf(CertificateError)
    expect(error).toMatchObject({
      name: 'CertificateError', code: 'ERR_TLS_CERT_ALTNAME_INVALID', verifyCode: 62, depth: 0, certificate: { subject: 'CN=localhost' },
      alert: { from: 'us', level: 'fatal' }, opensslErrorStack: [{ code: 'ERR_SSL_CERTIFICATE_VERIFY_FAILED' }],
    })
    expect(await rejection(client.closed)).toBe(error)
    expect(await rejection(readAll(client.readable))).toBe(error)
    expect(await rejection(client.writable.getWriter().closed)).toBe(error)
    expect(await rejection(server.opened)).toMatchObject({ name: 'PeerError', alert: { from: 'peer' } })
  })

  it('have the very error of the transport as their cause', async () => {
    const [near, far] = memoryTransportPair()
    const transport = new FaultyTransport(near)
    const { client, server } = await opened({ transports: [transport, far] })
    const cause = new Error('unplugged')
    transport.failReading(cause)
    const error = await rejection(readAll(client.readable))
    expect(error).toBeInstanceOf(TransportError)
    expect((error as Error).cause).toBe(cause)
    server.abort()
  })

  it('are not left unhandled', async () => {
    expect(await unhandledDuring(async () => {
      const { client, server } = peers({ client: { servername: 'elsewhere.example' } })
      await Promise.allSettled([client.closed, server.closed])
      await expect.poll(() => isPending(server.closed)).toBe(false)
    })).toEqual([])
  })
})

describe('options in worker mode', () => {
  const wrong: readonly [string, object, object][] = [
    ['an unknown one', { colour: 'red' }, { code: 'ERR_TLS_UNKNOWN_OPTION', option: 'colour' }],
    ['a wrong one', { minVersion: 'SSLv3' }, { code: 'ERR_TLS_INVALID_OPTION', option: 'minVersion' }],
  ]
  it.each(wrong)('%s is refused in the worker, before anything is sent, and ends the transport', async (_, options, error) => {
    const [near, far] = memoryTransportPair()
    const client = worker.connect(near, { ...clientOptions(), ...options } as ConnectOptions)
    const refusal = await rejection(client.opened)
    expect(refusal).toBeInstanceOf(ApiMisuseError)
    expect(refusal).toMatchObject(error)
    for (const ended of [client.closed, readAll(client.readable), client.writable.getWriter().closed]) {
      expect(await rejection(ended)).toBe(refusal)
    }
    expect(await rejection(readAll(far.readable))).toMatchObject({ message: (refusal as Error).message })
  })

  const wrongHere: readonly [string, object, object][] = [
    ['signal', { signal: {} }, { code: 'ERR_TLS_INVALID_OPTION', option: 'signal' }],
    ['highWaterMarkBytes', { highWaterMarkBytes: 0 }, { code: 'ERR_TLS_INVALID_OPTION', option: 'highWaterMarkBytes' }],
    ['closeTimeoutMs', { closeTimeoutMs: 'soon' }, { code: 'ERR_TLS_INVALID_OPTION', option: 'closeTimeoutMs' }],
    ['context', { context: {} }, { code: 'ERR_TLS_INVALID_OPTION', option: 'context' }],
  ]
  it.each(wrongHere)('%s, which the page itself uses, is refused at once', (_, options, error) => {
    expect(() => worker.connect(memoryTransportPair()[0], { ...clientOptions(), ...options } as ConnectOptions))
      .toThrow(expect.objectContaining(error))
  })

  it('that are no plain object are refused at once', () => {
    expect(() => worker.connect(memoryTransportPair()[0], 42 as never))
      .toThrow(expect.objectContaining({ code: 'ERR_TLS_INVALID_ARGUMENT' }))
  })

  it('that Object.prototype has been given are none', async () => {
    const added = { signal: AbortSignal.abort(), closeTimeoutMs: -1, context: {} }
    for (const [name, value] of Object.entries(added)) {
      Object.defineProperty(Object.prototype, name, { value, configurable: true, writable: true })
    }
    try {
      await closeBoth(await opened())
    } finally {
      for (const name of Object.keys(added)) delete (Object.prototype as Record<string, unknown>)[name]
    }
  })

  it('send no byte to the worker that stands beside theirs', () => {
    const posted: Begin['options'][] = []
    const spy: WorkerLike = { postMessage: (message) => posted.push(structuredClone((message as Begin).options)), terminate() {}, on() {} }
    const pool = Buffer.from('secret, certificate, secret')
    createWorker({ worker: spy }).connect(memoryTransportPair()[0], { servername: 'localhost', ca: pool.subarray(8, 19) }).abort()
    const { ca } = posted[0] as { readonly ca: Uint8Array }
    expect([ca.byteLength, ca.buffer.byteLength, new TextDecoder().decode(ca)]).toEqual([11, 11, 'certificate'])
  })

  it('certificates come as objects, in errors too', async () => {
    const both = await opened()
    const { peerCertificate, peerCertificateChain } = await both.client.opened
    expect(peerCertificate).toBeInstanceOf(X509)
    expect(peerCertificate!.names.dns).toEqual(['localhost'])
    expect(peerCertificateChain[0]!.toPem()).toBe(peerCertificate!.toPem())
    await closeBoth(both)
    const refused = peers({ client: { servername: 'elsewhere.example' } })
    const error = await rejection(refused.client.opened) as CertificateError<X509>
    expect(error.certificate).toBeInstanceOf(X509)
    expect(error.certificate!.subject).toBe('CN=localhost')
    await rejection(refused.server.opened.then(() => refused.server.closed))
  })

  it('a pre-shared key may be given, and no callback for one, as OpenSSL waits for no answer', async () => {
    const psk = { identity: 'a client', key: new Uint8Array(32) }
    const both = await opened({ client: { psk }, server: { psk } })
    expect((await both.client.opened).pskIdentity).toBe('a client')
    await closeBoth(both)
    expect(await rejection(worker.connect(memoryTransportPair()[0], { psk: () => psk }).opened))
      .toMatchObject({ code: 'ERR_TLS_INVALID_OPTION', option: 'psk' })
  })

  it('libssl is refused by name', () => {
    const [near] = memoryTransportPair()
    expect(() => worker.connect(near, { ...clientOptions(), libssl } as ConnectOptions))
      .toThrow(expect.objectContaining({ code: 'ERR_TLS_INVALID_OPTION', option: 'libssl' }))
    expect(near.readable.locked).toBe(false)
  })

  it('that are refused destroy a socket', () => {
    const socket = new PassThrough()
    const options = { ...clientOptions(), sessionStore: memorySessionStore() }
    expect(() => worker.connect(socket, options))
      .toThrow(expect.objectContaining({ code: 'ERR_TLS_INVALID_OPTION', option: 'sessionStore' }))
    expect(socket.destroyed).toBe(true)
  })

  it('OpenSSL refuses some later, by name, too', async () => {
    const [near] = memoryTransportPair()
    expect(await rejection(worker.connect(near, { ...clientOptions(), groups: 'nonsense' }).opened))
      .toMatchObject({ name: 'ApiMisuseError', option: 'groups' })
  })

  it('signal ends the connection with its very reason, at each moment', async () => {
    for (const moment of ['at once', 'in the handshake', 'when open', 'while closing', 'when closed']) {
      const controller = new AbortController()
      const reason = { moment }
      const [near, far] = memoryTransportPair()
      const server = moment === 'in the handshake' ? undefined : accept(far, { ...serverOptions(), libssl })
      const client = worker.connect(near, { ...clientOptions(), signal: controller.signal })
      if (moment === 'in the handshake') await far.readable.getReader().read()
      if (moment.startsWith('w')) await client.opened
      if (moment === 'while closing') client.close({ waitForPeerMs: 60_000 }).catch(() => {})
      if (moment === 'when closed') await client.close()
      controller.abort(reason)
      if (moment === 'when closed') {
        await client.closed
      } else {
        expect(await rejection(client.closed)).toBe(reason)
        expect(await rejection(readAll(client.readable))).toBe(reason)
        if (!moment.startsWith('w')) expect(await rejection(client.opened)).toBe(reason)
      }
      server?.abort()
    }
    const [near] = memoryTransportPair()
    expect(() => worker.connect(near, { ...clientOptions(), signal: AbortSignal.abort(new Error('too late')) })).toThrow('too late')
  })

  it('callbacks are called here, and what they throw ends the connection', async () => {
    const events: IoEvent[] = []
    const both = await opened({ client: { onIo: (event) => events.push(event) } })
    expect(events.map(({ call }) => call)).toContain('SSL_connect')
    expect(events.some(({ error }) => error === 'SSL_ERROR_WANT_READ')).toBe(true)
    await closeBoth(both)

    const thrown = new Error('from the callback')
    const { client, server } = peers({ client: { onIo() { throw thrown } } })
    expect(await rejection(client.closed)).toBe(thrown)
    await rejection(server.closed)
  })
})

describe.each(VERSIONS)('sessions in worker mode, %s', (version) => {
  it('go to the worker and come from it', async () => {
    const server = { ticketKeys: new TicketKeys() }
    const sessions: TlsSession[] = []
    for (const resumed of [false, true]) {
      const session = sessions.at(-1)
      const both = await opened({ version, server, client: { onSession: (one) => sessions.push(one), ...(session && { session }) } })
      expect((await both.client.opened).resumed).toBe(resumed)
      await say(both.server, Uint8Array.of(1))
      await readAll(both.client.readable)
      await until(() => sessions.length > 0)
      expect(sessions.at(-1)).toBeInstanceOf(TlsSession)
      expect(sessions.at(-1)).toMatchObject({ protocol: version, servername: 'localhost' })
      const { expiresAt, maxEarlyDataBytes } = sessions.at(-1)!
      expect(TlsSession.fromBytes(sessions.at(-1)!.toBytes()))
        .toMatchObject({ protocol: version, servername: 'localhost', expiresAt, maxEarlyDataBytes })
      await closeBoth(both)
    }
  })

  it('are given under keys that rotate by age, here', async () => {
    const ticketKeys = new TicketKeys(undefined, { rotateAfterMs: 1 })
    const before = ticketKeys.toBytes()
    await new Promise((resolve) => setTimeout(resolve, 10))
    worker.accept(memoryTransportPair()[0], serverOptions({ version, server: { ticketKeys } })).abort()
    expect(ticketKeys.toBytes()).not.toEqual(before)
  })

  it('are given by a server whose keys are here', async () => {
    const ticketKeys = new TicketKeys(undefined, { maxKeys: 5 })
    const resumed: boolean[] = []
    let session: TlsSession | undefined
    for (let i = 0; i < 2; i++) {
      const [near, far] = memoryTransportPair()
      const server = worker.accept(far, serverOptions({ version, server: { ticketKeys } }))
      const client = connect(
        near, { ...clientOptions({ version, client: { onSession: (one) => { session = one }, ...(session && { session }) } }), libssl },
      )
      await say(server, Uint8Array.of(1))
      await readAll(client.readable)
      resumed.push((await server.opened).resumed)
      await closeBoth({ client, server })
      for (let rotations = 0; rotations < 4; rotations++) ticketKeys.rotate() // the ticket's key is then the oldest of five
    }
    expect(resumed).toEqual([false, true])
  })
})

describe('sessions in worker mode', () => {
  it('are not kept by stores and caches, which cannot cross, nor is there early data to read: refused by name', () => {
    const refused = (option: string) => expect.objectContaining({ code: 'ERR_TLS_INVALID_OPTION', option })
    const [transport] = memoryTransportPair()
    expect(() => worker.connect(transport, clientOptions({ client: { sessionStore: memorySessionStore() } })))
      .toThrow(refused('sessionStore'))
    expect(() => worker.accept(transport, serverOptions({ server: { sessionCache: memoryServerSessionCache() } })))
      .toThrow(refused('sessionCache'))
    expect(
      () => worker.accept(
        transport, serverOptions({ server: { ticketKeys: new TicketKeys(), maxEarlyDataBytes: 1, dangerouslyAllowReplay: true } }),
      ),
    )
      .toThrow(refused('maxEarlyDataBytes'))
  })
})

describe('the worker', () => {
  const pending = async (own: TlsWorker) => {
    const [near, far] = memoryTransportPair()
    const server = accept(far, { ...serverOptions(), libssl })
    const client = own.connect(near, clientOptions())
    await client.opened
    return { client, server, read: rejection(client.readable.getReader().read()), write: rejection(client.writable.getWriter().closed) }
  }

  it('breaks its connections when it is terminated, and makes no more', async () => {
    const own = createWorker({ worker: script })
    const { client, server, read, write } = await pending(own)
    own.terminate()
    for (const error of await Promise.all([rejection(client.closed), read, write])) expect(error).toMatchObject({ name: 'AbortError' })
    await rejection(readAll(server.readable)) // its transport was given up
    expect(() => own.connect(memoryTransportPair()[0], clientOptions()))
      .toThrow(expect.objectContaining({ code: 'ERR_TLS_INVALID_STATE', message: 'the worker was terminated' }))
  })

  it('breaks its connections when it dies', async () => {
    const thread = new Worker(script)
    const { client, server, read, write } = await pending(createWorker({ worker: thread as never }))
    await thread.terminate() // not by createWorker
    for (const error of await Promise.all([rejection(client.closed), read, write])) {
      expect(error).toBeInstanceOf(InternalError)
      expect(error).toMatchObject({ code: 'ERR_TLS_INTERNAL' })
    }
    await rejection(readAll(server.readable))
  })

  it('whose script is not there breaks its connections, and the error names it', async () => {
    const own = createWorker({ worker: new URL('./nowhere.js', import.meta.url) })
    const [near] = memoryTransportPair()
    const error = await rejection(own.connect(near, clientOptions()).opened)
    expect(error)
      .toMatchObject({ name: 'InternalError', code: 'ERR_TLS_INTERNAL', message: expect.stringContaining('nowhere.js') as unknown })
    for (const later of ['connect', 'accept'] as const) {
      const attempt = async () => own[later](memoryTransportPair()[0], clientOptions())
      expect(await rejection(attempt())).toBe(error)
    }
  })

  it('that cannot start breaks its connections', async () => {
    const own = createWorker({ worker: new URL('data:text/javascript,throw new Error("no")') })
    const [near] = memoryTransportPair()
    const client = own.connect(near as TransportLike, clientOptions())
    expect(await rejection(client.opened)).toMatchObject({ code: 'ERR_TLS_INTERNAL', cause: { message: 'no' } })
  })

  it('takes code that it is given', async () => {
    const { readFile } = await import('node:fs/promises')
    const wasm = await WebAssembly.compile(await readFile(new URL('../../../lib/libssl-wasm/libssl.wasm', import.meta.url)))
    const own = createWorker({ worker: script, wasm })
    const [near, far] = memoryTransportPair()
    const client = own.connect(near, clientOptions())
    await closeBoth({ client, server: accept(far, { ...serverOptions(), libssl }) })
    own.terminate()
  })
})
