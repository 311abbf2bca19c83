// Whom to believe: verify, pins, revocation, client certificates, Mozilla's roots.

import { mozillaRoots } from 'libssl-wasm/roots'
import type { CertificateError, ConnectOptions, X509 } from 'libssl-wasm'
import { readAll } from './bytes.js'
import type { Harness } from './harness.js'
import { closeBoth, openedPair, pair, type Pair, type PairOptions } from './pair.js'

const bytesOf = (base64: string) => Uint8Array.from(atob(base64), (char) => char.charCodeAt(0))

/** What the runtime's console prints, where a program can ask. */
const inspect = ((platform: { Deno?: Inspector; Bun?: Inspector; process?: { getBuiltinModule?(name: string): Inspector } }) =>
  (platform.Deno ?? platform.Bun ?? platform.process?.getBuiltinModule?.('node:util'))?.inspect)(globalThis as object)
interface Inspector { inspect(value: unknown): string }

export function trust(harness: Harness): void {
  const { describe, it, expect, host } = harness

  async function accepts(options: PairOptions): Promise<Pair> {
    const both = await openedPair(harness, options)
    await closeBoth(both)
    return both
  }

  /** One side refuses, and the other hears of it. */
  async function refuses(side: keyof Pair, options: PairOptions, error: object): Promise<void> {
    const both = await pair(harness, options)
    const other = both[side === 'client' ? 'server' : 'client']
    await expect(both[side].opened).rejects.toMatchObject(error)
    await expect(other.opened.then(() => readAll(other.readable))).rejects.toMatchObject({
      name: 'PeerError', alert: { from: 'peer', level: 'fatal' },
    })
  }

  describe('trust: verify, pins, CRLs, OCSP, client certificates, Mozilla\'s roots', () => {
    for (const version of ['TLSv1.2', 'TLSv1.3'] as const) describe(version, () => {
      it('verify takes its time, on both sides', async () => {
        const { ca, client } = await host.identities()
        const seen: string[] = []
        const verify: NonNullable<ConnectOptions['verify']> = async (chain) => {
          await new Promise((resolve) => { setTimeout(resolve, 1) })
          seen.push(chain[0]!.subject)
          return true
        }
        await accepts({ version, client: { ...client, verify }, server: { ca, verify } })
        expect(seen.sort()).toEqual(['CN=client', 'CN=localhost'])
      })

      it('verify refuses, on both sides', async () => {
        const { ca, client } = await host.identities()
        await refuses(
          'client', { version, client: { verify: async () => false } }, { name: 'CertificateError', code: 'APPLICATION_VERIFICATION' },
        )
        await refuses('server', { version, client, server: { ca, verify: async () => { throw new Error('no') } } }, { message: 'no' })
      })

      it('a refusal names the certificate and prints no bytes: in the console, with a cause, and as JSON', async () => {
        const { rsa } = await host.identities()
        const both = await pair(harness, { version, client: { ca: rsa.cert } })
        const error = await both.client.opened.then(() => undefined, (reason: CertificateError<X509>) => reason)
        await expect(both.server.opened.then(() => readAll(both.server.readable))).rejects.toMatchObject({ name: 'PeerError' })
        const { subject, issuer, names } = error!.certificate!
        for (const word of [subject, issuer, ...names.dns]) expect(error!.message).toContain(word)
        // What consoles show of an object are the fields that are enumerable.
        expect(Object.values(error!).some((field) => ArrayBuffer.isView(field) || field === error!.certificate)).toBe(false)
        expect(JSON.parse(JSON.stringify(error)))
          .toMatchObject({ message: error!.message, code: error!.code, certificate: { subject, issuer, names } })
        for (const shown of [error, new Error('above it', { cause: error }), { certificate: error!.certificate }]) {
          const text = inspect?.(shown)
          if (text === undefined) continue // this platform has consoles for people alone
          expect(text).toContain(subject)
          expect(text).not.toContain('Uint8Array')
          expect(text.split('\n').filter((line) => !/^ *at |^ *\d+ \|/.test(line)).length).toBeLessThan(30)
        }
      })

      it('pins', async () => {
        const { rsa } = await host.identities()
        const { pin } = await host.revocation()
        await accepts({ version, client: { pins: [pin] } })
        await refuses('client', { version, client: { pins: [pin] }, server: rsa }, { code: 'ERR_TLS_CERT_PIN_MISMATCH' })
      })

      it('revocation lists', async () => {
        const { ca, client } = await host.identities()
        const { crl } = await host.revocation()
        await accepts({ version, client: { crl } })
        await refuses('server', { version, client, server: { ca, crl } }, { name: 'CertificateError', code: 'CERT_REVOKED', depth: 0 })
      })

      it('stapled OCSP', async () => {
        const { good, revoked } = await host.revocation()
        await accepts({ version, client: { ocsp: 'require' }, server: { ocspResponse: bytesOf(good) } })
        await refuses(
          'client', { version, client: { ocsp: 'request' }, server: { ocspResponse: bytesOf(revoked) } }, { code: 'CERT_REVOKED' },
        )
        await refuses('client', { version, client: { ocsp: 'require' } }, { code: 'OCSP_NO_RESPONSE' })
      })

      it('a client certificate is chosen when the server asks', async () => {
        const { ca, client } = await host.identities()
        let names: readonly string[] = []
        const { server } = await accepts({
          version, client: { onCertificateRequest: async ({ caNames }) => { names = caNames; return client } }, server: { ca },
        })
        expect((await server.opened).peerCertificate?.subject).toBe('CN=client')
        expect(names).toEqual(['CN=libssl-wasm test CA,O=libssl-wasm'])
      })
    })

    it('Mozilla\'s roots do not vouch for the test CA, which may be added', async () => {
      const { ca } = await host.identities()
      await refuses('client', { client: { ca: mozillaRoots } }, { code: 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY' })
      await accepts({ client: { ca: mozillaRoots, additionalCa: ca } })
    })
  })
}
