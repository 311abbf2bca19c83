// Worker mode where workers are the platform's own: a client in a worker, its server here.

import { accept, connect, memoryTransportPair, type TlsConnection } from '../../../src/index.js'
import { createWorker, type TlsWorker, type TlsWorkerOptions } from '../../../src/worker.js'
import { connectionContract, type SubjectOptions } from '../../helpers/connection-contract.js'
import { FaultyTransport } from '../../helpers/faulty-transport.js'
import { noise, readAll, rejection, same, writeAll } from '../../helpers/streams.js'
import type { TestKit } from '../../helpers/transport-contract.js'

export interface Identity { readonly ca: string; readonly cert: string; readonly key: string }

export function workerMode({ describe, it, expect }: TestKit, { ca, cert, key }: Identity, options: TlsWorkerOptions = {}): void {
  const say = async ({ writable }: TlsConnection, bytes: Uint8Array<ArrayBuffer>) => {
    await writeAll(writable, bytes, 30_000)
    await writable.close()
  }

  // In one worker, which is started when the first of them runs.
  let shared: TlsWorker | undefined
  connectionContract({ describe, it, expect }, 'a client in a worker', (own: SubjectOptions) => {
    const worker = shared ??= createWorker(options)
    const [near, far] = memoryTransportPair()
    const transport = new FaultyTransport(near)
    return {
      subject: () => worker.connect(transport, { servername: 'localhost', ca, ...own }), peer: () => accept(far, { cert, key }), transport,
    }
  }, { boundBytes: 2 * 1024 * 1024, readAheadBytes: 1024 * 1024 })

  describe('createWorker', () => {
    it('ends', async () => {
      shared!.terminate()
    })

    it('connects, talks both ways at once, and closes', async () => {
      const worker = createWorker(options)
      const [near, far] = memoryTransportPair()
      const client = worker.connect(near, { servername: 'localhost', ca })
      const server = accept(far, { cert, key })
      const { protocol, peerCertificate } = await client.opened
      expect(protocol).toBe('TLSv1.3')
      expect(peerCertificate?.validTo instanceof Date).toBe(true)
      const [there, back] = [noise(500_000), noise(400_000, 2)]
      const received = [readAll(server.readable), readAll(client.readable)]
      await Promise.all([say(client, there), say(server, back)])
      expect(same((await received[0])!, there)).toBe(true)
      expect(same((await received[1])!, back)).toBe(true)
      await Promise.all([client.closed, server.closed])
      worker.terminate()
    })

    it('accepts', async () => {
      const worker = createWorker(options)
      const [near, far] = memoryTransportPair()
      const client = connect(near, { servername: 'localhost', ca })
      const server = worker.accept(far, { cert, key })
      const received = readAll(server.readable)
      await say(client, noise(1000))
      expect(same(await received, noise(1000))).toBe(true)
      await Promise.all([client.close(), server.close()])
      worker.terminate()
    })

    it('reports errors by their class and code, and its own end', async () => {
      const worker = createWorker(options)
      const [near, far] = memoryTransportPair()
      const server = accept(far, { cert, key })
      const error = await rejection(worker.connect(near, { servername: 'elsewhere.example', ca }).opened) as { name: string; code: string }
      expect(`${error.name} ${error.code}`).toBe('CertificateError ERR_TLS_CERT_ALTNAME_INVALID')
      await rejection(server.closed)
      const client = worker.connect(memoryTransportPair()[0], { servername: 'localhost', ca })
      worker.terminate()
      expect((await rejection(client.closed) as { name: string }).name).toBe('AbortError')
    })

    it('breaks its connections when its script is not there', async () => {
      const worker = createWorker({ worker: new URL('./not-there.js', import.meta.url) })
      const client = worker.connect(memoryTransportPair()[0], { servername: 'localhost', ca })
      expect((await rejection(client.closed) as { code: string }).code).toBe('ERR_TLS_INTERNAL')
    })
  })
}
