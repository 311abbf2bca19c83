// exportKeyingMaterial(), channelBinding(), updateKeys() and requestClientCertificate().

import { createHash } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { beforeAll, describe, expect, it, vi } from 'vitest'
import {
  ApiMisuseError, CertificateError, DeadlineError, load, memoryTransportPair, PeerError, RefusalError, type ChannelBindingType, type LibSsl,
  type TlsConnection, type TraceEvent, type X509,
} from '../../src/index.js'
import { authority, openssl, temporaryAuthority } from '../helpers/certificates.js'
import {
  closeBoth, isPending, noise, opened, peers, readAll, readBytes, rejection, same, standstill, turns, unhandledDuring, until,
  VERSIONS, writeAll,
} from '../helpers/stream-peers.js'

let libssl: LibSsl
beforeAll(async () => { libssl = await load() })

const label = 'EXPERIMENTAL libssl-wasm'
const der = (pem: string) => Buffer.from(pem.replace(/-----[A-Z ]+-----|\s/g, ''), 'base64')
const stranger = temporaryAuthority('a stranger')
const own = authority.leaf({ name: 'client', san: 'DNS:client.example' })

describe.each(VERSIONS)('exportKeyingMaterial, %s', (version) => {
  it('gives both sides the same bytes for the same question, and others for another', async () => {
    const both = await opened({ version })
    const ask = async (question: Parameters<TlsConnection['exportKeyingMaterial']>[0]) => {
      const [client, server] = await Promise.all([both.client.exportKeyingMaterial(question), both.server.exportKeyingMaterial(question)])
      expect(client).toEqual(server)
      expect(client).toHaveLength(question.bytes)
      return Buffer.from(client).toString('hex')
    }
    const seen = [
      await ask({ label, bytes: 32 }), await ask({ label: `${label} 2`, bytes: 32 }),
      await ask({ label, bytes: 32, context: new Uint8Array([1]) }), await ask({ label, bytes: 32, context: new Uint8Array([2]).buffer }),
    ]
    expect(new Set(seen).size).toBe(seen.length)
    expect(await ask({ label, bytes: 32, context: new Uint8Array() }) === seen[0]).toBe(version === 'TLSv1.3') // RFC 8446 §7.5
    await ask({ label: 'ü'.repeat(124), bytes: 1 })
    await ask({ label, bytes: 8_160 })
    await closeBoth(both)
  })

  it.each([
    undefined, null, 'label', {}, { label }, { label: '', bytes: 1 }, { label: 'x'.repeat(250), bytes: 1 },
    { label: 'ü'.repeat(125), bytes: 1 }, { label: 1, bytes: 1 }, { label, bytes: 0 }, { label, bytes: 8_161 }, { label, bytes: 1.5 },
    { label, bytes: '1' }, { label, bytes: 1, context: 'text' }, { label, bytes: 1, context: null },
  ])('refuses %j, and the connection goes on', async (question) => {
    const both = await opened({ version, client: { libssl }, server: { libssl } })
    const error = await rejection(both.client.exportKeyingMaterial(question as never))
    expect(error).toBeInstanceOf(ApiMisuseError)
    expect(error).toMatchObject({ code: 'ERR_TLS_INVALID_ARGUMENT' })
    expect(await both.client.exportKeyingMaterial({ label, bytes: 1 })).toHaveLength(1)
    await closeBoth(both)
  })

  it('refuses labels that the protocol itself uses under TLS 1.2, in OpenSSL\'s words', async () => {
    const both = await opened({ version })
    const asked = both.client.exportKeyingMaterial({ label: 'master secret', bytes: 16 })
    if (version === 'TLSv1.2') expect(await rejection(asked)).toMatchObject({ code: 'ERR_SSL_TLS_ILLEGAL_EXPORTER_LABEL' })
    else expect(await asked).toHaveLength(16)
    await closeBoth(both)
  })

  it('waits for the handshake, and says what became of the connection afterwards', async () => {
    const both = peers({ version })
    expect(await both.client.exportKeyingMaterial({ label, bytes: 4 })).toEqual(await both.server.exportKeyingMaterial({ label, bytes: 4 }))
    await closeBoth(both)
    expect(await rejection(both.client.exportKeyingMaterial({ label, bytes: 4 }))).toMatchObject({ code: 'ERR_TLS_INVALID_STATE' })
    expect(await rejection(both.client.updateKeys())).toMatchObject({ code: 'ERR_TLS_INVALID_STATE' })
    const broken = await opened({ version })
    const reason = new Error('enough')
    broken.client.abort(reason)
    expect(await rejection(broken.client.exportKeyingMaterial({ label, bytes: 4 }))).toBe(reason)
    expect(await rejection(broken.client.updateKeys())).toBe(reason)
    await rejection(readAll(broken.server.readable))
    const never = peers({ version, client: { servername: 'other.example' } })
    expect(await rejection(never.client.channelBinding('tls-exporter'))).toBe(await rejection(never.client.closed))
  })
})

describe.each(VERSIONS)('channelBinding, %s', (version) => {
  it('is the same for both sides, and another one for another connection', async () => {
    const types: readonly ChannelBindingType[] = version === 'TLSv1.2' ? ['tls-exporter', 'tls-unique'] : ['tls-exporter']
    for (const type of types) {
      const seen = new Set<string>()
      for (let round = 0; round < 2; round++) {
        const both = await opened({ version })
        const [client, server] = await Promise.all([both.client.channelBinding(type), both.server.channelBinding(type)])
        expect(client).toEqual(server)
        expect(client).toHaveLength(type === 'tls-unique' ? 12 : 32)
        seen.add(Buffer.from(client).toString('hex'))
        await closeBoth(both)
      }
      expect(seen.size).toBe(2)
    }
  })

  it('tls-exporter is what the exporter gives for RFC 9266\'s label', async () => {
    const both = await opened({ version })
    expect(await both.client.channelBinding('tls-exporter'))
      .toEqual(await both.server.exportKeyingMaterial({ label: 'EXPORTER-Channel-Binding', context: new Uint8Array(), bytes: 32 }))
    await closeBoth(both)
  })

  it.each([
    ['-sha1', 'sha256'], ['-sha256', 'sha256'], ['-sha384', 'sha384'], ['-sha512', 'sha512'],
  ])('tls-server-end-point of a certificate signed with %s is its %s', async (signed, hash) => {
    // Verification is not what is tried here, and a SHA-1 signature would not pass it.
    const { cert, key } = selfSigned(['ec', '-pkeyopt', 'ec_paramgen_curve:P-256'], signed)
    const both = await opened({ version, client: { dangerouslySkipVerification: true, ca: authority.ca.cert }, server: { cert, key } })
    const expected = new Uint8Array(createHash(hash).update(der(cert)).digest())
    expect(await both.client.channelBinding('tls-server-end-point')).toEqual(expected)
    expect(await both.server.channelBinding('tls-server-end-point')).toEqual(expected)
    await closeBoth(both)
  })

  it('there is no tls-server-end-point of a certificate whose signature has no hash', async () => {
    const both = await opened({
      version, client: { dangerouslySkipVerification: true, ca: authority.ca.cert }, server: selfSigned(['ed25519']),
    })
    for (const side of [both.client, both.server]) {
      expect(await rejection(side.channelBinding('tls-server-end-point'))).toMatchObject({ code: 'ERR_TLS_INVALID_STATE' })
    }
    await closeBoth(both)
  })

  it('refuses what is no type, and tls-unique where it is not defined', async () => {
    const both = await opened({ version })
    for (const type of ['tls-other', '', undefined, 1]) {
      expect(await rejection(both.client.channelBinding(type as never))).toMatchObject({ code: 'ERR_TLS_INVALID_ARGUMENT' })
    }
    if (version === 'TLSv1.3') {
      expect(await rejection(both.client.channelBinding('tls-unique'))).toMatchObject({ code: 'ERR_TLS_INVALID_STATE' })
    }
    await closeBoth(both)
  })
})

function selfSigned(newkey: readonly string[], digest = '-sha256'): { cert: string; key: string } {
  const key = openssl('genpkey', '-algorithm', ...newkey)
  const keyFile = `${authority.dir}/self-signed.key`
  writeFileSync(keyFile, key)
  return {
    key, cert: openssl(
      'req', '-x509', '-new', '-key', keyFile, digest, '-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost',
    ),
  }
}

describe('updateKeys', () => {
  it.each([false, true])('changes keys in both directions and amidst data; requestPeer: %s', async (requestPeer) => {
    const seen: TraceEvent[] = []
    const both = await opened({ version: 'TLSv1.3', server: { onTrace: (event) => seen.push(event) } })
    const data = noise(300_000)
    const [there, back] = [readBytes(both.server.readable, data.byteLength * 2), readBytes(both.client.readable, data.byteLength)]
    await Promise.all([
      writeAll(both.client.writable, data, 10_000), both.client.updateKeys({ requestPeer }), writeAll(both.server.writable, data, 10_000),
      both.server.updateKeys({ requestPeer }),
    ])
    await both.client.updateKeys({ requestPeer })
    await writeAll(both.client.writable, data)
    expect(same((await there).subarray(0, data.byteLength), data)).toBe(true)
    expect(same(await back, data)).toBe(true)
    const updates = seen.filter(({ name }) => name === 'KeyUpdate').map((event) => 'direction' in event && event.direction)
    expect(updates.filter((direction) => direction === 'received').length).toBeGreaterThanOrEqual(2)
    expect(updates.filter((direction) => direction === 'sent').length).toBeGreaterThanOrEqual(1)
    await closeBoth(both)
  })

  it('is refused under TLS 1.2, and after close_notify, and the connection goes on', async () => {
    const both = await opened({ version: 'TLSv1.2' })
    const error = await rejection(both.client.updateKeys())
    expect(error).toBeInstanceOf(ApiMisuseError)
    expect(error).toMatchObject({ code: 'ERR_SSL_WRONG_SSL_VERSION', message: 'updateKeys() was refused: wrong ssl version' })
    await both.client.writable.close()
    expect(await rejection(both.client.updateKeys())).toMatchObject({ code: 'ERR_TLS_INVALID_STATE' })
    await writeAll(both.server.writable, new Uint8Array([1, 2, 3]))
    await both.server.writable.close()
    expect(await readAll(both.client.readable)).toEqual(new Uint8Array([1, 2, 3]))
    await Promise.all([both.client.close(), both.server.close()])
  })

  it.each([null, 1, { requestPeer: 1 }])('refuses %j', async (options) => {
    const both = await opened({ version: 'TLSv1.3', client: { libssl }, server: { libssl } })
    expect(await rejection(both.client.updateKeys(options as never))).toMatchObject({ code: 'ERR_TLS_INVALID_ARGUMENT' })
    await closeBoth(both)
  })

  it('a flood of requests for updates costs no memory, though the answers cannot be sent', async () => {
    const [server, client] = [await load(), await load()]
    let taken = 0
    const stuck = memoryTransportPair()
    // The client's answers go nowhere once `stuck`.
    let hold = false
    const writable = new WritableStream<Uint8Array>({
      write: async (chunk) => {
        if (hold) await new Promise(() => {})
        taken += chunk.byteLength
        await writer.write(chunk)
      },
    })
    const writer = stuck[0].writable.getWriter()
    writer.closed.catch(() => {}) // the test ends it
    const both = await opened({
      version: 'TLSv1.3', transports: [{ readable: stuck[0].readable, writable }, stuck[1]], client: { libssl: client },
      server: { libssl: server },
    })
    hold = true
    const reading = readAll(both.client.readable)
    reading.catch(() => {})
    const before = client.allocatedBytes
    let sent = 0
    const flood = (async () => { for (; sent < 20_000; sent++) await both.server.updateKeys({ requestPeer: true }) })()
    flood.catch(() => {})
    const stopped = await standstill(() => sent)
    // Back-pressure: what the client may hold of answers is bounded, so it stops to read; the transport between is bounded, too.
    expect(stopped).toBeLessThan(20_000)
    expect(client.allocatedBytes - before).toBeLessThan(64 * 1024)
    both.client.abort()
    both.server.abort()
    await rejection(flood)
    expect(taken).toBeGreaterThan(0)
  })
})

describe('requestClientCertificate', () => {
  const client = { postHandshakeAuth: true, cert: own.cert, key: own.key } as const
  const server = { postHandshakeAuth: true, ca: authority.ca.cert } as const

  it('gives the certificate, once it is verified, and again', async () => {
    const both = await opened({ version: 'TLSv1.3', client, server })
    expect((await both.server.opened).peerCertificate).toBeUndefined()
    const reading = readAll(both.client.readable)
    for (let round = 0; round < 2; round++) {
      const certificate = await both.server.requestClientCertificate()
      expect(certificate).toMatchObject({ subject: 'CN=client' })
      expect(Buffer.from(certificate!.raw).equals(der(own.cert))).toBe(true)
    }
    await Promise.all([closeBoth(both), reading])
  })

  it('waits for plaintext before the answer to be read, and loses none of it', async () => {
    const both = await opened({ version: 'TLSv1.3', client, server })
    const reading = readAll(both.client.readable)
    const data = noise(50_000)
    await writeAll(both.client.writable, data)
    let settled = false
    const asked = both.server.requestClientCertificate().finally(() => { settled = true })
    await turns(50)
    expect(settled).toBe(false)
    expect(same(await readBytes(both.server.readable, data.byteLength), data)).toBe(true)
    expect((await asked)?.subject).toBe('CN=client')
    await Promise.all([closeBoth(both), reading])
  })

  it('refuses a second request while one is open', async () => {
    const both = await opened({ version: 'TLSv1.3', client, server })
    const asked = both.server.requestClientCertificate()
    expect(await rejection(both.server.requestClientCertificate())).toMatchObject({ code: 'ERR_SSL_REQUEST_SENT' })
    const reading = readAll(both.client.readable)
    expect((await asked)?.subject).toBe('CN=client')
    await Promise.all([closeBoth(both), reading])
  })

  it('refuses a second request at once, though the client be quick to answer, and the first goes on', async () => {
    const both = await opened({ version: 'TLSv1.3', client, server })
    const reading = readAll(both.client.readable)
    const heard = both.server.readable.getReader().read() // so that one of ours reads the answer, and the other looks for it
    const asked = both.server.requestClientCertificate()
    const others = [both.server.requestClientCertificate(), both.server.requestClientCertificate()]
    for (const error of await Promise.all(others.map(rejection))) {
      expect(error).toBeInstanceOf(ApiMisuseError)
      expect(error).toMatchObject({ code: 'ERR_SSL_REQUEST_SENT' })
    }
    expect((await asked)?.subject).toBe('CN=client')
    expect((await both.server.requestClientCertificate())?.subject).toBe('CN=client')
    await writeAll(both.client.writable, new Uint8Array([1]))
    expect((await heard).value).toEqual(new Uint8Array([1]))
    await both.server.close()
    await reading
  })

  it('refuses a second request while verify takes its time', async () => {
    let answer!: (yes: boolean) => void
    const verify = () => new Promise<boolean>((resolve) => { answer = resolve })
    const both = await opened({ version: 'TLSv1.3', client, server: { ...server, verify } })
    const reading = readAll(both.client.readable)
    const asked = both.server.requestClientCertificate()
    await until(() => answer !== undefined)
    expect(await rejection(both.server.requestClientCertificate())).toMatchObject({ code: 'ERR_SSL_REQUEST_SENT' })
    answer(true)
    expect((await asked)?.subject).toBe('CN=client')
    await Promise.all([closeBoth(both), reading])
  })

  it('ends the connection when the certificate is of another CA, or there is none', async () => {
    const other = stranger.leaf({ name: 'client' })
    for (const shown of [{ cert: other.cert, key: other.key }, {}]) {
      const both = await opened({ version: 'TLSv1.3', client: { postHandshakeAuth: true, ...shown }, server })
      const reading = rejection(readAll(both.client.readable))
      const error = await rejection(both.server.requestClientCertificate())
      if ('cert' in shown) {
        expect(error).toBeInstanceOf(CertificateError)
        expect(error).toMatchObject({ code: 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY', alert: { from: 'us', description: 48 } })
      } else {
        expect(error).toBeInstanceOf(PeerError)
        expect(error).toMatchObject({ code: 'ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE', alert: { from: 'us', description: 116 } })
      }
      expect(await rejection(both.server.closed)).toBe(error)
      expect(await reading).toMatchObject({ alert: { from: 'peer' } })
    }
  })

  it('is refused where it cannot be: TLS 1.2, a client, a client that did not offer it, a server that verifies nobody', async () => {
    const refused = async (options: Parameters<typeof opened>[0], side: 'client' | 'server' = 'server') => {
      const both = await opened(options)
      const error = await rejection(both[side].requestClientCertificate())
      expect(error).toBeInstanceOf(ApiMisuseError)
      await closeBoth(both)
      return error
    }
    expect(await refused({ version: 'TLSv1.2', client, server })).toMatchObject({ code: 'ERR_SSL_WRONG_SSL_VERSION' })
    expect(await refused({ version: 'TLSv1.3', client, server }, 'client')).toMatchObject({ code: 'ERR_SSL_NOT_SERVER' })
    expect(await refused({ version: 'TLSv1.3', client: { cert: own.cert, key: own.key }, server }))
      .toMatchObject({ code: 'ERR_SSL_EXTENSION_NOT_RECEIVED' })
    expect(await refused({ version: 'TLSv1.3', client }))
      .toMatchObject({ code: 'ERR_SSL_INVALID_CONFIG', message: expect.stringMatching(/^requestClientCertificate\(\) was refused: /) })
  })

  it('is an option that wants ca', async () => {
    const both = peers({ version: 'TLSv1.3', server: { postHandshakeAuth: true } })
    expect(await rejection(both.server.opened)).toMatchObject({ code: 'ERR_TLS_INVALID_OPTION', option: 'postHandshakeAuth' })
    await rejection(both.client.opened)
  })

  it('ends with the connection, whoever ends it', async () => {
    const closing = await opened({ version: 'TLSv1.3', client, server })
    const asked = rejection(closing.server.requestClientCertificate())
    await closing.client.close()
    expect(await asked).toMatchObject({ code: 'ERR_TLS_HANDSHAKE_CLOSED' })
    await closing.server.close()

    const closed = await opened({ version: 'TLSv1.3', client, server })
    const left = rejection(closed.server.requestClientCertificate())
    await closed.server.close()
    expect(await left).toMatchObject({ code: 'ERR_TLS_INVALID_STATE' })
    await closed.client.close()

    const aborted = await opened({ version: 'TLSv1.3', client, server })
    const reason = new Error('enough')
    expect(await unhandledDuring(async () => {
      const waiting = rejection(aborted.server.requestClientCertificate())
      aborted.server.abort(reason)
      expect(await waiting).toBe(reason)
      await rejection(readAll(aborted.client.readable))
    })).toEqual([])
  })

  it('settles with undefined if the client shows none and may go without', async () => {
    const both = await opened({
      version: 'TLSv1.3', client: { postHandshakeAuth: true }, server: { ...server, clientCertificate: 'optional' },
    })
    const reading = readAll(both.client.readable)
    expect(await both.server.requestClientCertificate()).toBeUndefined()
    await Promise.all([closeBoth(both), reading])
  })

  it('asks verify, and waits for its answer', async () => {
    const asked: string[] = []
    let answer!: (yes: boolean) => void
    const verify = async ([own]: readonly X509[]) => {
      asked.push(own!.subject)
      return new Promise<boolean>((resolve) => { answer = resolve })
    }
    const both = await opened({ version: 'TLSv1.3', client, server: { ...server, verify } })
    expect(asked).toEqual([])
    const reading = readAll(both.client.readable)
    const first = both.server.requestClientCertificate()
    await until(() => asked.length === 1)
    expect(await isPending(first)).toBe(true)
    answer(true)
    expect((await first)?.subject).toBe('CN=client')
    const second = rejection(both.server.requestClientCertificate())
    await until(() => asked.length === 2)
    answer(false)
    const error = await second
    expect(error).toMatchObject({ name: 'CertificateError', code: 'APPLICATION_VERIFICATION', certificate: { subject: 'CN=client' } })
    expect(await rejection(both.server.closed)).toBe(error)
    expect(await rejection(reading)).toMatchObject({ alert: { from: 'peer', description: 46 } })
  })

  it('ends the connection with what verify throws, or with pins that do not hold', async () => {
    const reason = new Error('nobody')
    const pins = `sha256/${'A'.repeat(43)}=`
    for (const options of [{ verify: () => { throw reason } }, { verify: async () => { throw reason } }, { pins }]) {
      const both = await opened({ version: 'TLSv1.3', client, server: { ...server, ...options } })
      const reading = rejection(readAll(both.client.readable))
      const error = await rejection(both.server.requestClientCertificate())
      if ('pins' in options) expect(error).toMatchObject({ code: 'ERR_TLS_CERT_PIN_MISMATCH' })
      else expect(error).toBe(reason)
      expect(await rejection(both.server.closed)).toBe(error)
      expect(await reading).toMatchObject({ alert: { from: 'peer', level: 'fatal' } })
    }
  })

  it('tells the client by the alert of a RefusalError of verify, and the server by that of onCertificateRequest', async () => {
    for (const late of [false, true]) {
      const refuse = (): never | Promise<never> => {
        if (late) return turns().then(() => { throw new RefusalError('access_denied') })
        throw new RefusalError('access_denied')
      }
      const denied = { alert: { from: 'peer', level: 'fatal', description: 49 } }
      const refused = await opened({ version: 'TLSv1.3', client, server: { ...server, verify: refuse } })
      const reading = rejection(readAll(refused.client.readable))
      expect(await rejection(refused.server.requestClientCertificate())).toBeInstanceOf(RefusalError)
      expect(await reading).toMatchObject(denied)

      const refusing = await opened({ version: 'TLSv1.3', client: { postHandshakeAuth: true, onCertificateRequest: refuse }, server })
      const failing = rejection(readAll(refusing.client.readable))
      expect(await rejection(refusing.server.requestClientCertificate())).toMatchObject(denied)
      expect(await failing).toBeInstanceOf(RefusalError)
    }
  })

  it('waits for a client that chooses its certificate in its own time', async () => {
    let choose!: (chosen: { cert: string; key: string }) => void
    const onCertificateRequest = () => new Promise<{ cert: string; key: string }>((resolve) => { choose = resolve })
    const both = await opened({ version: 'TLSv1.3', client: { postHandshakeAuth: true, onCertificateRequest }, server })
    const reading = readAll(both.client.readable)
    const asked = both.server.requestClientCertificate()
    await until(() => choose !== undefined)
    expect(await isPending(asked)).toBe(true)
    choose({ cert: own.cert, key: own.key })
    expect((await asked)?.subject).toBe('CN=client')
    await Promise.all([closeBoth(both), reading])
  })

  it('asks a client once, though it write meanwhile', async () => {
    const choices: ((chosen: { cert: string; key: string }) => void)[] = []
    const onCertificateRequest = () => new Promise<{ cert: string; key: string }>((resolve) => { choices.push(resolve) })
    const both = await opened({ version: 'TLSv1.3', client: { postHandshakeAuth: true, onCertificateRequest }, server })
    const reading = readAll(both.client.readable)
    const asked = both.server.requestClientCertificate()
    await until(() => choices.length === 1)
    const writing = writeAll(both.client.writable, new Uint8Array([1]))
    await turns(20)
    choices[0]!({ cert: own.cert, key: own.key })
    await writing
    expect((await asked)?.subject).toBe('CN=client')
    expect(choices).toHaveLength(1)
    expect(await readBytes(both.server.readable, 1)).toEqual(new Uint8Array([1]))
    await Promise.all([closeBoth(both), reading])
  })

  describe('a question that comes with it has handshakeTimeoutMs', () => {
    const never = () => new Promise<never>(() => {})

    it('verify: then the connection breaks, and the client is told as in a handshake', async () => {
      const both = await opened({ version: 'TLSv1.3', client, server: { ...server, verify: never, handshakeTimeoutMs: 500 } })
      const reading = rejection(readAll(both.client.readable))
      const error = await rejection(both.server.requestClientCertificate())
      expect(error).toBeInstanceOf(DeadlineError)
      expect(error).toMatchObject({ code: 'ERR_TLS_HANDSHAKE_TIMEOUT' })
      expect(await rejection(both.server.closed)).toBe(error)
      expect(await rejection(readAll(both.server.readable))).toBe(error)
      expect(await reading).toMatchObject({ alert: { from: 'peer', description: 46 } })
    })

    it('onCertificateRequest: likewise, reading or writing', async () => {
      const both = await opened({
        version: 'TLSv1.3', client: { postHandshakeAuth: true, onCertificateRequest: never, handshakeTimeoutMs: 500 }, server,
      })
      const reading = rejection(readAll(both.client.readable))
      const asked = rejection(both.server.requestClientCertificate())
      await turns(20)
      const writing = rejection(writeAll(both.client.writable, new Uint8Array([1])))
      const error = await reading
      expect(error).toMatchObject({ name: 'DeadlineError', code: 'ERR_TLS_HANDSHAKE_TIMEOUT' })
      expect(await writing).toBe(error)
      expect(await rejection(both.client.closed)).toBe(error)
      expect(await asked).toMatchObject({ alert: { from: 'peer', description: 80 } })
    })

    it('0 is no limit', async () => {
      let answer!: (yes: boolean) => void
      const verify = () => new Promise<boolean>((resolve) => { answer = resolve })
      const both = await opened({ version: 'TLSv1.3', client, server: { ...server, verify, handshakeTimeoutMs: 0 } })
      const reading = readAll(both.client.readable)
      const asked = both.server.requestClientCertificate()
      await until(() => answer !== undefined)
      expect(await isPending(asked)).toBe(true)
      answer(true)
      expect((await asked)?.subject).toBe('CN=client')
      await Promise.all([closeBoth(both), reading])
    })

    it('invariant 14: no timer outlasts the answer, nor the connection', async () => {
      const limit = 123_456 // to know the timers by
      const running = new Set<unknown>()
      const { setTimeout: set, clearTimeout: clear } = globalThis
      const started = vi.spyOn(globalThis, 'setTimeout').mockImplementation(((call: () => void, ms: number) => {
        const timer = set(call, ms)
        if (ms === limit) running.add(timer)
        return timer
      }) as typeof setTimeout)
      const cleared = vi.spyOn(globalThis, 'clearTimeout').mockImplementation(((timer: NodeJS.Timeout) => {
        running.delete(timer)
        clear(timer)
      }) as typeof clearTimeout)
      try {
        const ends: ((both: Awaited<ReturnType<typeof opened>>, answer: (yes: boolean) => void) => unknown)[] = [
          (_, answer) => answer(true), (_, answer) => answer(false), ({ server }) => server.close(), ({ server }) => server.abort(),
          ({ client }) => client.abort(),
        ]
        for (const end of ends) {
          let answer: ((yes: boolean) => void) | undefined
          const verify = () => new Promise<boolean>((resolve) => { answer = resolve })
          const both = await opened({ version: 'TLSv1.3', client, server: { ...server, verify, handshakeTimeoutMs: limit } })
          expect(running.size).toBe(0)
          const reading = readAll(both.client.readable).catch(() => {})
          const readingToo = readAll(both.server.readable).catch(() => {}) // else nobody hears that the client is gone
          const asked = both.server.requestClientCertificate().catch(() => {})
          await until(() => answer !== undefined && running.size === 1)
          end(both, answer!)
          await asked
          expect(running.size).toBe(0)
          both.client.abort()
          both.server.abort()
          await Promise.all([reading, readingToo])
        }
      } finally {
        started.mockRestore()
        cleared.mockRestore()
      }
    })
  })

  it('under TLS 1.2 the certificate is asked for in the handshake', async () => {
    const both = await opened({ version: 'TLSv1.2', client, server })
    expect((await both.server.opened).peerCertificate?.subject).toBe('CN=client')
    await closeBoth(both)
  })
})
