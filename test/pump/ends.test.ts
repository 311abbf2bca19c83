// How a connection ends by what the peer says last, or does not say.

import { beforeAll, describe, expect, it } from 'vitest'
import { accept, connect, load, memoryTransportPair, type LibSsl } from '../../src/index.js'
import { ForgingPeer } from '../helpers/forging-peer.js'
import { clientOptions, noise, readAll, rejection, same, serverOptions, VERSIONS, writeAll } from '../helpers/stream-peers.js'

let libssl: LibSsl
beforeAll(async () => { libssl = await load() })

const WARNING = 1
const FATAL = 2
const USER_CANCELED = 90

describe.each(VERSIONS)('%s', (version) => {
  describe.each(['client', 'server'] as const)('a %s', (side) => {
    const begin = () => {
      const [near, far] = memoryTransportPair()
      const subject = side === 'client'
        ? connect(near, { ...clientOptions({ version }), libssl })
        : accept(near, { ...serverOptions({ version }), libssl })
      return { subject, peer: new ForgingPeer(libssl, side === 'client' ? 'server' : 'client', far, version) }
    }
    async function opened() {
      const both = begin()
      await Promise.all([both.subject.opened, both.peer.handshake()])
      return both
    }

    it('ends cleanly by user_canceled and close_notify, as a JDK says them, and goes on writing', async () => {
      const { subject, peer } = await opened()
      await peer.send(peer.forge.record(23, noise(1000)))
      await peer.send(peer.forge.jdkClose())
      expect(same(await readAll(subject.readable), noise(1000))).toBe(true)
      const received = peer.readAll()
      await writeAll(subject.writable, noise(1000))
      await subject.close()
      await subject.closed
      expect(same(await received, noise(1000))).toBe(true)
      peer.free()
    })

    it('whose close() waits for the peer is content with them', async () => {
      const { subject, peer } = await opened()
      await peer.send(peer.forge.jdkClose())
      await subject.close({ waitForPeerMs: 50_000 })
      await subject.closed
      peer.free()
    })

    it('is cut, if user_canceled is the last word', async () => {
      const { subject, peer } = await opened()
      await peer.send(peer.forge.alert(WARNING, USER_CANCELED))
      await peer.hangUp()
      expect(await rejection(readAll(subject.readable))).toMatchObject({ name: 'TruncationError', code: 'ERR_TLS_UNEXPECTED_EOF' })
      peer.free()
    })

    it('fails in the handshake by user_canceled and close_notify', async () => {
      const { subject, peer } = begin()
      const plaintextAlert = (description: number) => Uint8Array.of(21, 3, 3, 0, 2, WARNING, description)
      await peer.send(Buffer.concat([plaintextAlert(USER_CANCELED), plaintextAlert(0)]))
      const error = await rejection(subject.opened)
      // A server knows no alert before a ClientHello.
      expect(error)
        .toMatchObject({ name: 'PeerError', code: side === 'client' ? 'ERR_TLS_HANDSHAKE_CLOSED' : 'ERR_SSL_UNEXPECTED_MESSAGE' })
      expect(await rejection(subject.closed)).toBe(error)
      peer.free()
    })

    if (version === 'TLSv1.2') it('fails by close_notify at level fatal, and says so', async () => {
      const { subject, peer } = await opened()
      await peer.send(peer.forge.alert(FATAL, 0))
      expect(await rejection(readAll(subject.readable))).toMatchObject({
        name: 'PeerError', code: 'ERR_SSL_TLS_ALERT_CLOSE_NOTIFY', alert: { from: 'peer', level: 'fatal', description: 0 },
      })
      peer.free()
    })
  })
})
