// Encrypted Client Hello with OpenSSL 4.0's s_server, and what a server does between a ClientHello and its answer.

import {
  connect, EchRejectedError, generateEchKey, RefusalError, type ClientHello, type ConnectOptions, type TlsConnection,
} from 'libssl-wasm'
import { readUntil, send } from './bytes.js'
import type { Harness } from './harness.js'
import { sharedInstance } from './instance.js'
import { closeBoth, openedPair, pair } from './pair.js'

export function encryptedClientHello(harness: Harness): void {
  const { describe, it, expect, runtime, host } = harness
  const page = async (connection: TlsConnection, what: RegExp) => {
    await send(connection.writable, 'GET / HTTP/1.0\r\n\r\n')
    await readUntil(connection.readable, what)
    await connection.close()
  }
  const connectTo = async (port: number, options: Partial<ConnectOptions>): Promise<TlsConnection> =>
      connect(runtime.webSocket(await host.relay(port)), {
    servername: 'localhost', ca: (await host.identities()).ca, libssl: await sharedInstance(runtime), ...options,
  })

  describe('Encrypted Client Hello', () => {
    it('is accepted by s_server; an old configuration is rejected, and gives one that is accepted', async () => {
      const { port, configList, oldConfigList } = await host.serveEch()
      const connection = await connectTo(port, { ech: { configList } })
      expect(await connection.opened).toMatchObject({ ech: 'accepted', servername: 'localhost', outerServername: 'public.localhost' })
      await page(connection, /ECH success: outer sni: public\.localhost, inner sni: localhost/)

      const error =
        await (await connectTo(port, { ech: { configList: oldConfigList } })).opened.catch((reason: unknown) => reason) as EchRejectedError
      expect(error).toBeInstanceOf(EchRejectedError)
      expect(error).toMatchObject({ code: 'ERR_TLS_ECH_REJECTED', publicNameVerified: true })
      const again = await connectTo(port, { ech: { configList: error.retryConfigList! } })
      expect(await again.opened).toMatchObject({ ech: 'accepted' })
      await again.close()

      const greased = await connectTo(port, {})
      expect(await greased.opened).toMatchObject({ ech: 'grease, answered' })
      await page(greased, /ECH attempt we interpret as GREASE/)
    })

    it('is accepted by our server, with a key that was made here', async () => {
      const { pem, configList } = await generateEchKey({ publicName: 'public.localhost', libssl: await sharedInstance(runtime) })
      const both = await openedPair(harness, { client: { ech: { configList } }, server: { echKeys: pem } })
      expect(await both.server.opened).toMatchObject({ ech: 'accepted', servername: 'localhost', outerServername: 'public.localhost' })
      await closeBoth(both)
    })
  })
}

export function serverCallbacks(harness: Harness): void {
  const { describe, it, expect, host } = harness
  describe('server: callbacks before the answer', () => {
    for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
      it(`a certificate and protocols by the ClientHello, in their own time › ${version}`, async () => {
        const { rsa } = await host.identities()
        let seen: ClientHello | undefined
        const onClientHello = async (hello: ClientHello) => {
          seen = hello
          await new Promise((resolve) => { setTimeout(resolve) })
          return { cert: rsa.cert, key: rsa.key, alpnProtocols: (offered: readonly string[]) => offered.at(-1) }
        }
        const both = await openedPair(harness, { version, client: { alpnProtocols: ['a', 'b'] }, server: { onClientHello } })
        expect(seen).toMatchObject({ servername: 'localhost', alpnProtocols: ['a', 'b'], versions: [version] })
        expect(await both.client.opened).toMatchObject({ alpnProtocol: 'b' })
        await closeBoth(both)
      })

      it(`an application protocol is chosen, or none fits › ${version}`, async () => {
        const alpnProtocols = (offered: readonly string[]) => offered.find((name) => name === 'b')
        const both = await openedPair(harness, { version, client: { alpnProtocols: ['a', 'b'] }, server: { alpnProtocols } })
        expect(await both.client.opened).toMatchObject({ alpnProtocol: 'b' })
        await closeBoth(both)
        const { client, server } = await pair(harness, { version, client: { alpnProtocols: ['a'] }, server: { alpnProtocols } })
        await expect(server.opened).rejects.toMatchObject({ alert: { from: 'us', description: 120 } })
        await expect(client.opened).rejects.toMatchObject({ alert: { from: 'peer', description: 120 } })
      })

      it(`refuses, by an alert of its choice › ${version}`, async () => {
        const refusal = new RefusalError('unrecognized_name')
        const { client, server } = await pair(harness, { version, server: { onClientHello: () => { throw refusal } } })
        await expect(server.opened).rejects.toBe(refusal)
        await expect(client.opened).rejects.toMatchObject({ alert: { from: 'peer', description: 112 } })
      })
    }
  })
}
