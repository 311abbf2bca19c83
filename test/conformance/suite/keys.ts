// Algorithms, keys and certificates of several kinds, and what is in the place of certificates.

import type { ConnectOptions, Identity } from 'libssl-wasm'
import { send } from './bytes.js'
import type { Harness } from './harness.js'
import { closeBoth, openedPair, pair } from './pair.js'

const secret = Uint8Array.from({ length: 32 }, (_, index) => index)

export function keys(harness: Harness): void {
  const { describe, it, expect, host } = harness

  describe('algorithms and keys', () => {
    for (const version of ['TLSv1.2', 'TLSv1.3'] as const) describe(version, () => {
      it('suites, groups and signature algorithms are what both allow', async () => {
        const suite = version === 'TLSv1.2' ? { ciphers: 'ECDHE-ECDSA-AES256-GCM-SHA384' } : { ciphersuites: 'TLS_AES_256_GCM_SHA384' }
        const both = await openedPair(harness, {
          version, client: { ...suite, signatureAlgorithms: 'ecdsa_secp256r1_sha256', securityLevel: 3 },
          server: { groups: 'secp384r1:secp256r1' },
        })
        const cipher = version === 'TLSv1.2' ? 'TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384' : 'TLS_AES_256_GCM_SHA384'
        expect(await both.client.opened).toMatchObject({ protocol: version, cipher, group: 'secp384r1' })
        await closeBoth(both)
        const { client, server } = await pair(harness, { version, client: { signatureAlgorithms: 'ed25519' } })
        await expect(server.opened).rejects.toMatchObject({ name: 'PeerError', alert: { description: 40 } })
        await expect(client.opened).rejects.toMatchObject({ name: 'PeerError', alert: { description: 40 } })
      })

      it('certificates of each type', async () => {
        // TLS 1.2 wants the curve of an ECDSA key among the groups (RFC 8422 §5.1), and has no ML-DSA.
        const groups = 'X25519:secp256r1:secp384r1:secp521r1'
        for (const [type, identity] of Object.entries(await host.certificates())) {
          if (type === 'ML-DSA-65' && version === 'TLSv1.2') continue
          const both = await openedPair(harness, { version, client: { groups }, server: { groups, ...identity } })
          const { keyType, keyGroup } = (await both.client.opened).peerCertificate!
          expect([keyType, keyGroup && { secp384r1: 'P-384', secp521r1: 'P-521' }[keyGroup]].map((name) => name?.toUpperCase()))
            .toContain(type.toUpperCase())
          await closeBoth(both)
        }
      })

      it('names: an IP address, one of several, and none of them', async () => {
        for (const client of [{ servername: '127.0.0.1' }, { acceptedNames: ['elsewhere.example', 'localhost'] }]) {
          await closeBoth(await openedPair(harness, { version, client }))
        }
        for (const client of [{ servername: '127.0.0.2' }, { acceptedNames: ['elsewhere.example'] }]) {
          const { client: refused, server } = await pair(harness, { version, client })
          await expect(refused.opened).rejects.toMatchObject({ name: 'CertificateError', code: 'ERR_TLS_CERT_ALTNAME_INVALID' })
          await expect(server.opened.then(() => server.readable.getReader().read())).rejects.toMatchObject({ name: 'PeerError' })
        }
      })

      it('one server shows each client the certificate that it can verify', async () => {
        const { rsa } = await host.identities()
        for (const [
          signatureAlgorithms, ciphers, keyType,
        ] of [['ecdsa_secp256r1_sha256', 'ECDHE+ECDSA', 'EC'], ['rsa_pss_rsae_sha256', 'ECDHE+aRSA', 'RSA']] as const) {
          const both = await openedPair(harness, {
            version, client: { signatureAlgorithms, ...(version === 'TLSv1.2' && { ciphers }) }, server: { identities: [rsa] },
          })
          expect((await both.client.opened).peerCertificate?.keyType).toBe(keyType)
          await closeBoth(both)
        }
      })

      it("the peer's certificate is an object", async () => {
        const { ec } = await host.identities()
        const both = await openedPair(harness, { version })
        const certificate = (await both.client.opened).peerCertificate!
        expect(ec.cert).toContain(certificate.toPem())
        expect(certificate.toJSON()).toMatchObject({
          subject: 'CN=localhost', keyType: 'EC', keyBits: 256, keyGroup: 'prime256v1', isCa: false, keyUsage: ['digitalSignature'],
          extendedKeyUsage: ['serverAuth', 'clientAuth'],
          names: { dns: ['localhost'], ip: ['127.0.0.1', '0:0:0:0:0:0:0:1'], email: [], uri: [] },
        })
        expect(certificate.subjectAttributes).toEqual([{ type: 'CN', value: 'localhost' }])
        expect(certificate.validTo.getTime()).toBeGreaterThan(Date.now())
        await closeBoth(both)
      })

      it('a pre-shared key, without certificates', async () => {
        const psk = { identity: 'a client', key: secret }
        const both = await openedPair(
          harness,
          { version, client: { servername: undefined, ca: undefined, psk } as object,
          server: { cert: undefined, key: undefined, psk: () => secret } as object },
        )
        expect((await both.server.opened).pskIdentity).toBe('a client')
        expect(await both.client.opened).toMatchObject({ pskIdentity: 'a client', peerCertificate: undefined, resumed: false })
        await closeBoth(both)
      })

      it('raw public keys, and no other than those', async () => {
        const first = await openedPair(harness, { version })
        const spki = (await first.client.opened).peerCertificate!.publicKey
        await closeBoth(first)
        const options = {
          version, client: { servername: undefined, ca: undefined, acceptedRawPublicKeys: spki } as object as Partial<ConnectOptions>,
          server: { rawPublicKey: true },
        }
        const both = await openedPair(harness, options)
        expect((await both.client.opened).peerRawPublicKey).toEqual(spki)
        await closeBoth(both)
        const { rsa } = await host.identities()
        const wrong = await pair(harness, { ...options, server: { ...rsa, rawPublicKey: true } })
        await expect(wrong.client.opened).rejects.toMatchObject({ name: 'CertificateError', code: 'RPK_UNTRUSTED' })
        await expect(wrong.server.opened.then(() => wrong.server.closed)).rejects.toMatchObject({ name: 'PeerError' })
      })
    })

    it('a HelloRetryRequest', async () => {
      let hellos = 0
      const both = await openedPair(harness, {
        client: { onTrace: ({ name }) => { if (name === 'ClientHello') hellos++ } }, server: { groups: 'secp384r1' },
      })
      expect(await both.client.opened).toMatchObject({ group: 'secp384r1' })
      expect(hellos).toBe(2)
      await send(both.client.writable, 'x')
      await closeBoth(both)
    })

    it('what is wrong with a key has a code of its own', async () => {
      const { ec, rsa, expired } = await host.identities()
      const wrong: Readonly<Record<string, Identity>> = {
        ERR_TLS_KEY_MISMATCH: { cert: ec.cert, key: rsa.key },
        ERR_TLS_KEY_UNREADABLE: { cert: ec.cert, key: ec.cert },
        ERR_TLS_CERT_EXPIRED: expired,
      }
      for (const [code, identity] of Object.entries(wrong)) {
        const { client, server } = await pair(harness, { server: identity })
        await expect(server.opened).rejects.toMatchObject({ name: 'ApiMisuseError', code })
        await expect(client.opened).rejects.toMatchObject({})
      }
    })
  })
}
