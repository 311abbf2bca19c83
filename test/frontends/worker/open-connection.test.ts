// What can be asked of an open connection whose OpenSSL is in a worker. The other side's is here.

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  accept, ApiMisuseError, CertificateError, connect, memoryTransportPair, type TlsConnection, type TraceEvent,
} from '../../../src/index.js'
import { X509 } from '../../../src/core.js'
import { createWorker, type TlsWorker } from '../../../src/worker.js'
import { authority, temporaryAuthority } from '../../helpers/certificates.js'
import {
  clientOptions, closeBoth, readAll, readBytes, rejection, serverOptions, unhandledDuring, VERSIONS, writeAll, type PeersOptions,
} from '../../helpers/stream-peers.js'

const script = new URL('../../../dist/frontends/worker/libssl-wasm/worker-script.js', import.meta.url)
const stranger = temporaryAuthority('a stranger')
const own = authority.leaf({ name: 'client', san: 'DNS:client.example' })
const label = 'EXPERIMENTAL libssl-wasm'

let worker: TlsWorker
beforeAll(() => { worker = createWorker({ worker: script }) })
afterAll(() => worker.terminate())

/** The client's OpenSSL is in the worker, or, if `far`, the server's. */
async function opened(options: PeersOptions & { readonly far?: 'server' } = {}): Promise<{ client: TlsConnection; server: TlsConnection }> {
  const [near, far] = memoryTransportPair()
  const both = options.far
    ? { client: connect(near, clientOptions(options)), server: worker.accept(far, serverOptions(options)) }
    : { client: worker.connect(near, clientOptions(options)), server: accept(far, serverOptions(options)) }
  await Promise.all([both.client.opened, both.server.opened])
  return both
}

describe.each(VERSIONS)('in a worker, %s', (version) => {
  it('exports key material, and names the channel', async () => {
    const both = await opened({ version })
    const question = { label, context: new Uint8Array([1, 2]), bytes: 24 }
    expect(await both.client.exportKeyingMaterial(question)).toEqual(await both.server.exportKeyingMaterial(question))
    for (const type of ['tls-exporter', 'tls-server-end-point'] as const) {
      expect(await both.client.channelBinding(type)).toEqual(await both.server.channelBinding(type))
    }
    await closeBoth(both)
  })

  it('tells of misuse, and the connection goes on', async () => {
    const both = await opened({ version })
    for (const asked of [
      both.client.exportKeyingMaterial({ label: '', bytes: 1 }), both.client.exportKeyingMaterial(undefined as never),
      both.client.channelBinding('x' as never), both.client.updateKeys({ requestPeer: 'yes' as never }),
      both.client.requestClientCertificate(),
    ]) {
      const error = await rejection(asked)
      expect(error).toBeInstanceOf(ApiMisuseError)
      expect(error).toMatchObject({ code: expect.stringMatching(/^ERR_TLS_INVALID_ARGUMENT|^ERR_SSL_(NOT_SERVER|WRONG_SSL_VERSION)$/) })
    }
    await closeBoth(both)
  })

  it('tells what became of the connection', async () => {
    const closed = await opened({ version })
    await closeBoth(closed)
    expect(await rejection(closed.client.channelBinding('tls-exporter'))).toMatchObject({ code: 'ERR_TLS_INVALID_STATE' })

    const broken = await opened({ version })
    const reason = new Error('enough')
    expect(await unhandledDuring(async () => {
      const asked = rejection(broken.client.channelBinding('tls-exporter'))
      broken.client.abort(reason)
      expect(await asked).toBe(reason)
      expect(await rejection(broken.client.updateKeys())).toBe(reason)
      await rejection(readAll(broken.server.readable))
    })).toEqual([])
  })
})

it('in a worker, TLSv1.3: changes keys', async () => {
  const seen: TraceEvent[] = []
  const both = await opened({ version: 'TLSv1.3', server: { onTrace: (event) => seen.push(event) } })
  await both.client.updateKeys({ requestPeer: true })
  await writeAll(both.client.writable, new Uint8Array([1, 2, 3]))
  expect(await readBytes(both.server.readable, 3)).toEqual(new Uint8Array([1, 2, 3]))
  await writeAll(both.server.writable, new Uint8Array([4]))
  expect(await readBytes(both.client.readable, 1)).toEqual(new Uint8Array([4]))
  expect(seen.filter(({ name }) => name === 'KeyUpdate')).toHaveLength(2)
  await closeBoth(both)
})

it('in a worker, TLSv1.3: asks for a certificate after the handshake, gets it, or refuses it', async () => {
  const server = { postHandshakeAuth: true, ca: authority.ca.cert } as const
  const good = await opened({
    version: 'TLSv1.3', far: 'server', client: { postHandshakeAuth: true, cert: own.cert, key: own.key }, server,
  })
  const reading = readAll(good.client.readable)
  const certificate = await good.server.requestClientCertificate()
  expect(certificate).toBeInstanceOf(X509)
  expect(certificate).toMatchObject({ subject: 'CN=client' })
  await Promise.all([closeBoth(good), reading])

  const other = stranger.leaf({ name: 'client' })
  const bad = await opened({
    version: 'TLSv1.3', far: 'server', client: { postHandshakeAuth: true, cert: other.cert, key: other.key }, server,
  })
  const refused = rejection(readAll(bad.client.readable))
  const error = await rejection(bad.server.requestClientCertificate())
  expect(error).toBeInstanceOf(CertificateError)
  expect(await rejection(bad.server.closed)).toBe(error)
  expect(await refused).toMatchObject({ alert: { from: 'peer', description: 48 } })
})
