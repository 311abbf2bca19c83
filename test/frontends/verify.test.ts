// Option `verify`, both sides: a decision about the peer's chain, at once or in its own time.

import { beforeAll, describe, expect, it } from 'vitest'
import { load, RefusalError, type LibSsl, type ProtocolVersion, type VerifyAnswer, type VerifyContext, type X509 } from '../../src/index.js'
import { authority, date, localhost, temporaryAuthority } from '../helpers/certificates.js'
import { closeBoth, isPending, opened, peers, readAll, rejection, turns, VERSIONS, type PeersOptions } from '../helpers/stream-peers.js'

const client = authority.leaf({ name: 'client', san: 'DNS:client.example' })
const expired = authority.leaf({ name: 'expired', notBefore: date(-20), notAfter: date(-10) })
const stranger = temporaryAuthority('a stranger')

let libssl: LibSsl
beforeAll(async () => { libssl = await load() })

const CERTIFICATE_UNKNOWN = 46

type Verify = (chain: readonly X509[], context: VerifyContext) => VerifyAnswer | PromiseLike<VerifyAnswer>

describe.each(['client', 'server'] as const)('verify on the %s', (side) => {
  const other = side === 'client' ? 'server' : 'client'
  const options = (version: ProtocolVersion, verify: Verify, more: object = {}): PeersOptions => ({
    version,
    client: { libssl, cert: client.cert, key: client.key, ...(side === 'client' ? { verify, ...more } : {}) },
    server: { libssl, ca: authority.ca.cert, ...(side === 'server' ? { verify, ...more } : {}) },
  })

  describe.each(VERSIONS)('%s', (version) => {
    it.each<[string, Verify]>([
      ['true', () => true], ['nothing', () => {}], ['true, later', async () => true], ['nothing, later', () => turns()],
    ])('accepts by %s, and is asked once about the whole chain', async (_, answer) => {
      const asked: [readonly X509[], VerifyContext][] = []
      const both = await opened(options(version, (chain, context) => {
        asked.push([chain, context])
        return answer(chain, context)
      }))
      expect(asked).toHaveLength(1)
      const [chain, context] = asked[0]!
      expect(chain.map(({ subject }) => subject))
        .toEqual([side === 'client' ? 'CN=localhost' : 'CN=client', 'CN=libssl-wasm test CA,O=libssl-wasm'])
      expect(context).toEqual({ servername: 'localhost', verifyResult: 'X509_V_OK', failures: [], resumed: false })
      expect(await both[side].opened).toMatchObject({ verifyResult: 'X509_V_OK' })
      await closeBoth(both)
    })

    it.each<[string, Verify]>([
      ['false', () => false], ['false, later', async () => false],
      ['what is no answer', (() => 1) as unknown as Verify], ['null, later', (async () => null) as unknown as Verify],
    ])('refuses by %s, and the peer gets the alert', async (_, answer) => {
      const both = peers(options(version, answer))
      expect(await rejection(both[side].opened)).toMatchObject({
        name: 'CertificateError', code: 'APPLICATION_VERIFICATION', depth: 0,
        certificate: { subject: side === 'client' ? 'CN=localhost' : 'CN=client' },
        alert: { from: 'us', level: 'fatal', description: CERTIFICATE_UNKNOWN },
      })
      expect(await rejection(both[other].opened.then(() => readAll(both[other].readable))))
        .toMatchObject({ name: 'PeerError', alert: { from: 'peer', level: 'fatal', description: CERTIFICATE_UNKNOWN } })
    })

    const no = new Error('no')
    it.each<[string, Verify]>([
      ['throws', () => { throw no }], ['rejects', async () => { await turns(); throw no }],
    ])('that %s is the cause, and the peer gets the alert', async (_, answer) => {
      const both = peers(options(version, answer))
      expect(await rejection(both[side].opened)).toBe(no)
      expect(await rejection(both[side].closed)).toBe(no)
      expect(await rejection(both[other].opened.then(() => readAll(both[other].readable))))
        .toMatchObject({ alert: { from: 'peer', description: CERTIFICATE_UNKNOWN } })
    })

    it.each<[string, (refusal: Error) => Verify]>([
      ['throws', (refusal) => () => { throw refusal }], ['rejects with', (refusal) => async () => { await turns(); throw refusal }],
    ])('that %s a RefusalError chooses the alert', async (_, refusing) => {
      for (const [name, description] of [['access_denied', 49], ['handshake_failure', 40], ['unrecognized_name', 112]] as const) {
        const refusal = new RefusalError(name)
        const both = peers(options(version, refusing(refusal)))
        expect(await rejection(both[side].opened)).toBe(refusal)
        expect(refusal.alert.description).toBe(description)
        expect(await rejection(both[other].opened.then(() => readAll(both[other].readable))))
          .toMatchObject({ alert: { from: 'peer', level: 'fatal', description } })
      }
    })

    it('that never answers has handshakeTimeoutMs', async () => {
      const both = peers(options(version, () => new Promise(() => {}), { handshakeTimeoutMs: 50 }))
      expect(await rejection(both[side].opened)).toMatchObject({ code: 'ERR_TLS_HANDSHAKE_TIMEOUT' })
      expect(await rejection(both[other].opened.then(() => readAll(both[other].readable))))
        .toMatchObject({ alert: { from: 'peer', description: CERTIFICATE_UNKNOWN } })
    })

    it('invariant 13: that has not answered holds all application data back, both ways', async () => {
      let decide!: (answer: boolean) => void
      const both = peers(options(version, () => new Promise<boolean>((resolve) => { decide = resolve })))
      const heard = readAll(both[side].readable)
      const writer = both[side].writable.getWriter()
      const written = writer.write(new Uint8Array(10)).then(() => writer.close())
      const sent = both[other].writable.getWriter()
      const sending = sent.write(new Uint8Array(20)).then(() => sent.close()).catch(() => {})
      expect(await isPending(both[side].opened)).toBe(true)
      expect(await isPending(heard)).toBe(true)
      expect(await isPending(written)).toBe(true)
      decide(true)
      await Promise.all([both[side].opened, written, sending])
      expect((await heard).byteLength).toBe(20)
      expect((await readAll(both[other].readable)).byteLength).toBe(10)
    })

    it('leaves nothing behind when it is aborted', async () => {
      const once = async () => {
        let asked = false
        const both = peers(options(version, () => { asked = true; return new Promise(() => {}) }))
        for (let i = 0; i < 100 && !asked; i++) await turns()
        expect(asked).toBe(true)
        both[side].abort(no)
        expect(await rejection(both[side].opened)).toBe(no)
        await rejection(both[other].opened.then(() => readAll(both[other].readable)))
      }
      await once()
      const before = libssl.allocatedBytes
      await once()
      expect(libssl.allocatedBytes - before).toBeLessThan(1024)
    })

    it('is not asked about what OpenSSL has refused', async () => {
      let asked = 0
      const both = peers({
        ...options(version, () => { asked++; return true }),
        ...(side === 'client' ? { server: { libssl, ca: authority.ca.cert, cert: expired.cert, key: expired.key, useExpiredCert: true } }
          : { client: { libssl, cert: expired.cert, key: expired.key, useExpiredCert: true } }),
      })
      expect(await rejection(both[side].opened)).toMatchObject({ code: 'CERT_HAS_EXPIRED', depth: 0 })
      expect(asked).toBe(0)
    })

    describe('in place of OpenSSL\'s verification', () => {
      const bad = stranger.leaf({ name: 'bad', san: 'DNS:elsewhere.example', notBefore: date(-20), notAfter: date(-10) })
      const replaced = (verify: Verify, shown = bad): PeersOptions => {
        const replacing = { verify, dangerouslyReplaceVerification: true }
        return side === 'client'
          ? { version, client: { libssl, ...replacing }, server: { libssl, cert: shown.cert, key: shown.key, useExpiredCert: true } }
          : {
            version, client: { libssl, cert: shown.cert, key: shown.key, useExpiredCert: true },
            server: { libssl, ca: authority.ca.cert, ...replacing },
          }
      }

      it('is told every failure, and true accepts', async () => {
        let told: VerifyContext | undefined
        const both = await opened(replaced(async (_, context) => { told = context; return true }))
        expect(told!.verifyResult).not.toBe('X509_V_OK')
        const codes = told!.failures.map(({ code }) => code)
        expect(codes).toEqual(
          expect.arrayContaining([
            'UNABLE_TO_GET_ISSUER_CERT_LOCALLY', 'CERT_HAS_EXPIRED', ...(side === 'client' ? ['ERR_TLS_CERT_ALTNAME_INVALID'] : []),
          ]),
        )
        expect(told!.failures.every(({ depth }) => depth === 0)).toBe(true)
        expect((await both[side].opened).verifyResult).not.toBe('X509_V_OK')
        await closeBoth(both)
      })

      it('is told each failure once, though it takes its time', async () => {
        let told: VerifyContext | undefined
        const both = await opened(replaced(async (_, context) => { told = context; await turns(); return true }))
        expect(new Set(told!.failures.map(({ code }) => code)).size).toBe(told!.failures.length)
        await closeBoth(both)
      })

      it('saying nothing is a refusal', async () => {
        expect(await rejection(peers(replaced(async () => {}))[side].opened)).toMatchObject({ code: 'APPLICATION_VERIFICATION' })
      })

      it('the peer is told of the refusal, and not of what was overruled', async () => {
        const both = peers(replaced(() => false))
        expect(await rejection(both[side].opened))
          .toMatchObject({ code: 'APPLICATION_VERIFICATION', alert: { from: 'us', description: 46 } })
        const peer = side === 'client' ? both.server : both.client
        expect(await rejection(peer.opened.then(() => readAll(peer.readable)))).toMatchObject({ alert: { from: 'peer', description: 46 } })
      })

      it('has no failures to look at where there are none', async () => {
        let told: VerifyContext | undefined
        const both = await opened(
          replaced((_, context) => { told = context; return context.failures.length === 0 }, side === 'client' ? localhost : client),
        )
        expect(told).toMatchObject({ verifyResult: 'X509_V_OK', failures: [] })
        await closeBoth(both)
      })
    })
  })
})
