// What a caller may do to a connection at any time, what it is told, and what it is refused.

import { ApiMisuseError, connect, memoryTransportPair, type ConnectOptions, type IoEvent } from 'libssl-wasm'
import { send, readUntil } from './bytes.js'
import type { Harness } from './harness.js'
import { sharedInstance } from './instance.js'
import { closeBoth, openedPair, pair } from './pair.js'

export function limits(harness: Harness): void {
  const { describe, it, lacks, expect, runtime, host } = harness

  describe('abort, deadlines, options, onIo', () => {
    it('an aborted signal ends the handshake with its reason', async () => {
      const controller = new AbortController()
      const { ca } = await host.identities()
      const [near] = memoryTransportPair() // whose other end is silent
      const connection = connect(near, { servername: 'localhost', ca, libssl: await sharedInstance(runtime), signal: controller.signal })
      const reason = new Error('not wanted any more')
      controller.abort(reason)
      await expect(connection.opened).rejects.toBe(reason)
      await expect(connection.closed).rejects.toBe(reason)
    })

    it('an aborted signal ends an open connection with its reason', async () => {
      const controller = new AbortController()
      const { client, server } = await openedPair(harness, { client: { signal: controller.signal } })
      const reading = client.readable.getReader().read()
      const reason = new Error('not wanted any more')
      controller.abort(reason)
      await expect(reading).rejects.toBe(reason)
      await expect(client.closed).rejects.toBe(reason)
      await expect(client.writable.getWriter().write(Uint8Array.of(1))).rejects.toBe(reason)
      server.abort()
    })

    it('a handshake that takes too long ends with ERR_TLS_HANDSHAKE_TIMEOUT', async () => {
      const { ca } = await host.identities()
      const [near] = memoryTransportPair()
      const connection = connect(near, { servername: 'localhost', ca, libssl: await sharedInstance(runtime), handshakeTimeoutMs: 1 })
      await expect(connection.opened).rejects.toMatchObject({ name: 'DeadlineError', code: 'ERR_TLS_HANDSHAKE_TIMEOUT' })
    })

    it('wrong options are refused by name before a byte is sent', async () => {
      const { ca, ec } = await host.identities()
      const good = { servername: 'localhost', ca }
      const cases: readonly [object, string, string][] = [
        [{ ca }, 'ERR_TLS_INVALID_OPTION', 'servername'],
        [{ ...good, servrname: 'localhost' }, 'ERR_TLS_UNKNOWN_OPTION', 'servrname'],
        [{ ...good, minVersion: 'TLSv1.1' }, 'ERR_TLS_INVALID_OPTION', 'minVersion'],
        [{ ...good, cert: ec.cert }, 'ERR_TLS_INVALID_OPTION', 'key'],
        [{ ...good, alpnProtocols: [] }, 'ERR_TLS_INVALID_OPTION', 'alpnProtocols'],
      ]
      for (const [options, code, option] of cases) {
        const [near] = memoryTransportPair()
        let error: unknown
        try {
          connect(near, options as ConnectOptions)
        } catch (reason) {
          error = reason
        }
        expect(error).toBeInstanceOf(ApiMisuseError)
        expect(error).toMatchObject({ code, option })
        expect(near.writable.locked).toBe(false)
      }
    })

    it('what OpenSSL refuses is refused by name, too', async () => {
      const { client, server } = await pair(harness, { client: { ciphers: 'NO-SUCH-CIPHER' } })
      await expect(client.opened).rejects.toMatchObject({ name: 'ApiMisuseError', option: 'ciphers' })
      await expect(server.opened).rejects.toThrow()
    })

    it('onIo tells each call, what it returned, and the bytes it moved', async () => {
      const events: Record<'client' | 'server', IoEvent[]> = { client: [], server: [] }
      const both = await openedPair(
        harness, { client: { onIo: (event) => events.client.push(event) }, server: { onIo: (event) => events.server.push(event) } },
      )
      await send(both.client.writable, 'hello')
      expect(await readUntil(both.server.readable, /hello/)).toBe('hello')
      await closeBoth(both)
      expect(events.client[0]).toMatchObject({ call: 'SSL_connect', ret: -1, error: 'SSL_ERROR_WANT_READ', receivedBytes: 0 })
      expect(events.server[0]).toMatchObject({ call: 'SSL_accept', ret: -1, error: 'SSL_ERROR_WANT_READ' })
      expect(events.client).toContainEqual(expect.objectContaining({ call: 'SSL_connect', ret: 1, error: 'SSL_ERROR_NONE' }))
      expect(events.server).toContainEqual(expect.objectContaining({ call: 'SSL_read', ret: 5 }))
      expect(events.server).toContainEqual(expect.objectContaining({ call: 'SSL_read', ret: 0, error: 'SSL_ERROR_ZERO_RETURN' }))
      const sum = (which: 'client' | 'server', count: 'sentBytes' | 'receivedBytes') =>
        events[which].reduce((total, event) => total + event[count], 0)
      expect(sum('client', 'sentBytes')).toBe(sum('server', 'receivedBytes'))
    })
  })

  describe("trust: the platform's own roots", () => {
    if (runtime.hasRoots) {
      it('are used without ca, and do not vouch for the test CA', async () => {
        const { client, server } = await pair(harness, { client: { ca: undefined } as unknown as Partial<ConnectOptions> })
        await expect(client.opened).rejects.toMatchObject({ name: 'CertificateError', code: 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY' })
        await expect(server.opened).rejects.toMatchObject({ alert: { from: 'peer', description: 48 } })
      })
    } else {
      lacks('the platform hands out no list of roots: ca is required', async () => {
        const { client, server } = await pair(harness, { client: { ca: undefined } as unknown as Partial<ConnectOptions> })
        await expect(client.opened).rejects.toMatchObject({ name: 'ApiMisuseError', code: 'ERR_TLS_NO_TRUST_ANCHORS', option: 'ca' })
        await expect(server.opened).rejects.toThrow()
      })
    }
  })
}
