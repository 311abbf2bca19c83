// What can be asked of an open connection, and what it tells of itself.

import { connect, memoryTransportPair, type ConnectOptions, type TraceEvent } from 'libssl-wasm'
import { noise, readAll, readBytes, send } from './bytes.js'
import type { Harness } from './harness.js'
import { sharedInstance } from './instance.js'
import { closeBoth, openedPair } from './pair.js'

const label = 'EXPERIMENTAL libssl-wasm'

export function whileOpen(harness: Harness): void {
  const { describe, it, lacks, expect, runtime, host } = harness

  describe('while it is open: exporter, key updates, late certificates, record sizes, trace', () => {
    it('a server that wants to renegotiate is refused', async () => {
      const { ca } = await host.identities()
      const server = await host.serve('TLSv1.2')
      const sent: string[] = []
      const onTrace = (event: TraceEvent) => { if (event.kind !== 'state' && event.direction === 'sent') sent.push(event.name) }
      const connection = connect(
        runtime.webSocket(await host.relay(server.port)), { servername: 'localhost', ca, libssl: await sharedInstance(runtime), onTrace },
      )
      await connection.opened
      await server.type('R\n')
      await expect(readAll(connection.readable)).rejects.toMatchObject({ name: 'PeerError', alert: { from: 'peer' } })
      expect(sent).toContain('warning no_renegotiation')
      expect(sent.filter((name) => name === 'ClientHello').length).toBe(1)
    })

    for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
      it(`both sides export the same key material, and name the channel alike › ${version}`, async () => {
        const both = await openedPair(harness, { version })
        const question = { label, context: Uint8Array.of(1, 2, 3), bytes: 32 }
        expect(await both.client.exportKeyingMaterial(question)).toEqual(await both.server.exportKeyingMaterial(question))
        for (const type of ['tls-exporter', 'tls-server-end-point'] as const) {
          const binding = await both.client.channelBinding(type)
          expect(binding.byteLength).toBe(32)
          expect(await both.server.channelBinding(type)).toEqual(binding)
        }
        await expect(both.client.exportKeyingMaterial({ label: '', bytes: 1 })).rejects.toMatchObject({ code: 'ERR_TLS_INVALID_ARGUMENT' })
        await closeBoth(both)
      })

      it(`both sides log the same keys › ${version}`, async () => {
        const lines = { client: [] as string[], server: [] as string[] }
        await closeBoth(await openedPair(harness, {
          version, client: { onKeylog: (line) => lines.client.push(line) }, server: { onKeylog: (line) => lines.server.push(line) },
        }))
        expect(lines.client.length).toBe(version === 'TLSv1.2' ? 1 : 5)
        expect([...lines.client].sort()).toEqual([...lines.server].sort())
      })

      it(`onTrace tells of messages, records and states › ${version}`, async () => {
        const events: TraceEvent[] = []
        await closeBoth(await openedPair(harness, { version, client: { onTrace: (event) => events.push(event) } }))
        expect(events).toContainEqual(expect.objectContaining({ kind: 'handshake', direction: 'sent', name: 'ClientHello' }))
        expect(events).toContainEqual(expect.objectContaining({ kind: 'alert', direction: 'received', name: 'warning close_notify' }))
        expect(events).toContainEqual(expect.objectContaining({ kind: 'state', step: 'passed', name: 'SSLv3/TLS read server hello' }))
        expect(events).toContainEqual(expect.objectContaining({ kind: 'state', step: 'handshake done' }))
      })

      it(`maxFragmentLength bounds what both send › ${version}`, async () => {
        const sizes: number[] = []
        const onTrace = (event: TraceEvent) => { if (event.kind === 'record' && event.name === 'application_data') sizes.push(event.bytes) }
        const both = await openedPair(harness, { version, client: { maxFragmentLength: 1024, onTrace } })
        expect((await both.server.opened).maxFragmentLength).toBe(1024)
        sizes.length = 0
        const there = readBytes(both.server.readable, 5_000)
        await send(both.client.writable, noise(5_000, 1))
        expect(await there).toEqual(noise(5_000, 1))
        expect(Math.max(...sizes)).toBe(5 + 1024 + (version === 'TLSv1.3' ? 17 : 16))
        await closeBoth(both)
      })
    }

    it('keys are updated in both directions, and padded records carry the data', async () => {
      const seen: string[] = []
      const both = await openedPair(
        harness, { version: 'TLSv1.3', client: { recordPaddingBytes: 512 }, server: { onTrace: ({ name }) => seen.push(name) } },
      )
      await both.client.updateKeys({ requestPeer: true })
      await send(both.client.writable, noise(1_000, 2))
      expect(await readBytes(both.server.readable, 1_000)).toEqual(noise(1_000, 2))
      await send(both.server.writable, noise(1_000, 3))
      expect(await readBytes(both.client.readable, 1_000)).toEqual(noise(1_000, 3))
      expect(seen.filter((name) => name === 'KeyUpdate').length).toBe(2)
      await closeBoth(both)
    })

    it('a server asks for a certificate after the handshake', async () => {
      const { ca, ec } = await host.identities()
      const both = await openedPair(harness, {
        version: 'TLSv1.3', client: { postHandshakeAuth: true, cert: ec.cert, key: ec.key }, server: { postHandshakeAuth: true, ca },
      })
      const reading = readAll(both.client.readable)
      expect((await both.server.opened).peerCertificate).toBe(undefined)
      expect(await both.server.requestClientCertificate()).toMatchObject({ subject: 'CN=localhost' })
      await Promise.all([closeBoth(both), reading])
    })
  })

  describe('key log: to a file', () => {
    const hasFiles = runtime.kind === 'node' || runtime.kind === 'deno' || runtime.kind === 'bun'
    if (hasFiles) {
      it('keylogFile appends the lines that onKeylog is given', async () => {
        const module = 'node:fs' // not to be resolved by a bundler
        const fs = await import(module) as {
          mkdtempSync(prefix: string): string
          readFileSync(path: string, encoding: 'utf8'): string
          rmSync(path: string, options: object): void
        }
        const directory = fs.mkdtempSync('/tmp/libssl-wasm-keys-')
        try {
          const [keylogFile, lines] = [`${directory}/keys`, [] as string[]]
          for (let round = 0; round < 2; round++) {
            await closeBoth(await openedPair(harness, { client: { keylogFile, onKeylog: (line) => lines.push(line) } }))
          }
          expect(lines.length).toBe(2 * 5)
          expect(fs.readFileSync(keylogFile, 'utf8')).toBe(lines.map((line) => `${line}\n`).join(''))
        } finally {
          fs.rmSync(directory, { recursive: true })
        }
      })

      it('keylogFile names the file that cannot be written', async () => {
        const both = openedPair(harness, { client: { keylogFile: '/no/such/directory/keys' } })
        await expect(both).rejects.toMatchObject({ name: 'ApiMisuseError', code: 'ERR_TLS_INVALID_OPTION', option: 'keylogFile' })
      })
    } else {
      lacks('no files: keylogFile is refused', async () => {
        const { ca } = await host.identities()
        const options: ConnectOptions = { servername: 'localhost', ca, keylogFile: true }
        let error: unknown
        try {
          connect(memoryTransportPair()[0], options)
        } catch (reason) {
          error = reason
        }
        expect(error).toMatchObject({ name: 'ApiMisuseError', code: 'ERR_TLS_INVALID_OPTION', option: 'keylogFile' })
      })
    }
  })
}
