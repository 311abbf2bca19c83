// Callbacks that take time, under the pump: each of OpenSSL's three ways to wait.

import { beforeAll, describe, expect, it } from 'vitest'
import { load, memoryTransportPair, type LibSsl } from '../../src/index.js'
import { BioPair } from '../../src/core/bio-pair.js'
import { Ssl } from '../../src/core/ssl.js'
import type { CallbackVerdict } from '../../src/ffi/callbacks.js'
import { Decisions } from '../../src/pump/decisions.js'
import { Port } from '../../src/pump/port.js'
import { Pump } from '../../src/pump/pump.js'
import { makeCtx, type Side } from '../helpers/link.js'
import { isPending, rejection, turns, VERSIONS } from '../helpers/stream-peers.js'

let libssl: LibSsl
beforeAll(async () => {
  libssl = await load()
  // The words of errors come with the first error, and stay.
  const ctx = makeCtx(libssl, 'client')
  expect(() => ctx.setCipherList('no such cipher')).toThrow()
  ctx.free()
})

type Decide = () => boolean | Promise<boolean>

/** Where a decision is asked for, by whom, and with which alert (RFC 8446 §6) its refusal ends. */
const questions = [
  { name: 'setVerifyCb', side: 'client', alert: 40,
    install: (ssl: Ssl, ask: () => CallbackVerdict) => ssl.setVerifyCb((_, depth) => (depth === 0 ? ask() : 1)) },
  { name: 'setCertCb', side: 'server', alert: 80, install: (ssl: Ssl, ask: () => CallbackVerdict) => ssl.setCertCb(ask) },
  { name: 'setClientHelloCb', side: 'server', alert: 80, install: (ssl: Ssl, ask: () => CallbackVerdict) => ssl.setClientHelloCb(ask) },
] as const

describe.each(questions)('Pump, a decision in $name', ({ side, alert, install }) => {
  describe.each(VERSIONS)('%s', (version) => {
    function start(decide: Decide) {
      const [near, far] = memoryTransportPair()
      const make = (which: Side, transport: typeof near) => {
        const ctx = makeCtx(libssl, which, { version })
        const ssl = new Ssl(ctx)
        ctx.free()
        const decisions = new Decisions()
        if (which === 'client') {
          ssl.setConnectState()
          ssl.set1Dnsname('localhost')
        } else {
          ssl.setAcceptState()
        }
        if (which === side) {
          install(ssl, () => {
            const answer = decisions.ask(decide)
            return answer === undefined ? -1 : answer.value ? 1 : 0
          })
        }
        const pair = new BioPair(libssl)
        ssl.setBio(pair.internal)
        const pump = new Pump({ ssl, pair, port: new Port(transport), decisions, onBroken() {}, onClosed() {} })
        return { pump, opening: pump.handshake(which === 'client' ? 'SSL_connect' : 'SSL_accept', () => {}) }
      }
      const both = { client: make('client', near), server: make('server', far) }
      for (const { opening } of Object.values(both)) opening.catch(() => {})
      return { asked: both[side], other: both[side === 'client' ? 'server' : 'client'] }
    }

    it('that is there at once goes on at once', async () => {
      const { asked, other } = start(() => true)
      await Promise.all([asked.opening, other.opening])
    })

    it('invariant 11: that takes time is waited for, and asked for once', async () => {
      let decide!: (yes: boolean) => void
      let times = 0
      const { asked, other } = start(() => {
        times++
        return new Promise<boolean>((resolve) => { decide = resolve })
      })
      expect(await isPending(asked.opening)).toBe(true)
      decide(true)
      await Promise.all([asked.opening, other.opening])
      expect(times).toBe(1)
    })

    const failures: readonly [string, () => Decide, (asked: { pump: Pump }, why: Error) => void][] = [
      ['throws', () => () => { throw new Error('no') }, () => {}],
      ['rejects', () => async () => { throw new Error('no') }, () => {}],
      ['never settles, until the connection is ended', () => () => new Promise(() => {}), ({ pump }, why) => pump.break(why)],
    ]
    for (const [what, make, end] of failures) {
      it(`invariant 11: that ${what} fails the handshake with that cause, and the peer gets the alert`, async () => {
        const before = libssl.allocatedBytes
        const { asked, other } = start(make())
        await turns()
        end(asked, new Error('no'))
        expect(await rejection(asked.opening)).toMatchObject({ message: 'no' })
        // Under TLS 1.3 a client has opened when its server refuses it, and hears of it by reading.
        const heard = await rejection(other.opening.then(() => other.pump.read(1)))
        expect(heard).toMatchObject({ name: 'PeerError', alert: { from: 'peer', description: alert } })
        expect(libssl.allocatedBytes - before).toBeLessThan(1024)
      })
    }

    it('that is a no is a failure of the handshake', async () => {
      const { asked, other } = start(async () => false)
      expect(await rejection(asked.opening)).toMatchObject({ name: side === 'client' ? 'CertificateError' : 'PeerError' })
      expect(await rejection(other.opening.then(() => other.pump.read(1)))).toMatchObject({ alert: { description: alert } })
    })
  })
})
