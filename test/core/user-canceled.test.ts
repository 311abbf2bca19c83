// RFC 8446 §6.1: user_canceled "SHOULD be followed by a close_notify". A JDK's SSLSocket.close() sends both, and that is a clean end.

import { beforeAll, describe, expect, it } from 'vitest'
import {
  BioCallback, fatalError, load, PeerError, SSL_ERROR_NONE, SSL_ERROR_SSL, SSL_ERROR_SYSCALL, SSL_ERROR_WANT_READ, SSL_ERROR_ZERO_RETURN,
  SSL_RECEIVED_SHUTDOWN, SSL_SENT_SHUTDOWN, TransportError, TruncationError, type LibSsl,
} from '../../src/core.js'
import { CallbackLink, isWish, Link, other, settle, text, utf8, VERSIONS, type Side } from '../helpers/link.js'
import { RecordForge, useForgeableCiphers } from '../helpers/record-forge.js'

let lib: LibSsl
beforeAll(async () => { lib = await load() })

const buffer = new Uint8Array(100)
const WARNING = 1
const FATAL = 2
const USER_CANCELED = 90
const plaintextAlert = (level: number, description: number) => Uint8Array.of(21, 3, 3, 0, 2, level, description)
const ZERO_RETURN = { ret: 0, error: SSL_ERROR_ZERO_RETURN }

describe.each(VERSIONS)('%s', (version) => {
  describe.each(['client', 'server'] as const)('a %s whose peer says user_canceled', (side: Side) => {
    /** `peer` says what the forge of its side makes. */
    function forgedLink() {
      let forge!: RecordForge
      const forger = {
        configure: useForgeableCiphers,
        prepare: (ssl: ConstructorParameters<typeof RecordForge>[0]) => { forge = new RecordForge(ssl, other(side)) },
      }
      const link = new Link(lib, { version, [other(side)]: forger })
      return { link, forge, subject: link[side], peer: link[other(side)] }
    }
    function established() {
      const ends = forgedLink()
      ends.link.established()
      ends.subject.ssl.peek(buffer)
      return ends
    }

    it('reads a clean end after user_canceled and close_notify', () => {
      const { link, forge, subject, peer } = established()
      peer.ssl.write(utf8('last words'))
      link.carry()
      subject.give(forge.jdkClose())
      expect(subject.ssl.read(buffer)).toEqual({ ret: 10, error: SSL_ERROR_NONE })
      expect(text(buffer.subarray(0, 10))).toBe('last words')
      for (let i = 0; i < 2; i++) {
        expect(subject.ssl.peek(buffer)).toEqual(ZERO_RETURN)
        expect(subject.ssl.read(buffer)).toEqual(ZERO_RETURN)
        expect(subject.ssl.getError()).toBe(SSL_ERROR_ZERO_RETURN)
      }
      expect(subject.ssl.getShutdown()).toBe(SSL_RECEIVED_SHUTDOWN)
      expect(subject.ssl.getAlert()).toEqual({ from: 'peer', level: 'warning', description: 0 })
      expect(subject.ssl.shutdown()).toEqual({ ret: 1, error: SSL_ERROR_NONE })
      link.free()
    })

    it('goes on writing after them', () => {
      const { link, forge, subject, peer } = established()
      subject.give(forge.jdkClose())
      expect(subject.ssl.read(buffer)).toEqual(ZERO_RETURN)
      expect(subject.ssl.write(utf8('still here'))).toEqual({ ret: 10, error: SSL_ERROR_NONE })
      link.carry()
      expect(peer.ssl.read(buffer).ret).toBe(10)
      link.free()
    })

    it('completes a two-sided shutdown by them', () => {
      const { link, forge, subject } = established()
      expect(subject.ssl.shutdown().ret).toBe(0)
      expect(subject.ssl.shutdown()).toEqual({ ret: -1, error: SSL_ERROR_WANT_READ })
      subject.give(forge.jdkClose())
      expect(subject.ssl.shutdown()).toEqual({ ret: 1, error: SSL_ERROR_NONE })
      expect(subject.ssl.getShutdown()).toBe(SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN)
      link.free()
    })

    it('does not end by user_canceled alone', () => {
      const { link, forge, subject } = established()
      subject.give(forge.alert(WARNING, USER_CANCELED))
      expect(subject.ssl.read(buffer)).toEqual({ ret: -1, error: SSL_ERROR_WANT_READ })
      expect(subject.ssl.getShutdown()).toBe(0)
      subject.give(forge.record(23, utf8('after all')))
      expect(subject.ssl.read(buffer)).toEqual({ ret: 9, error: SSL_ERROR_NONE })
      subject.pair.network.shutdownWr()
      const read = subject.ssl.read(buffer)
      expect(read).toEqual({ ret: 0, error: SSL_ERROR_SSL })
      expect(fatalError(subject.ssl, read)).toBeInstanceOf(TruncationError)
      link.free()
    })

    it('fails by a fatal alert after it', () => {
      const { link, forge, subject } = established()
      subject.give(forge.alert(WARNING, USER_CANCELED))
      subject.give(forge.alert(FATAL, 80))
      const read = subject.ssl.read(buffer)
      expect(read.error).toBe(SSL_ERROR_SSL)
      expect(subject.ssl.getShutdown()).toBe(SSL_RECEIVED_SHUTDOWN)
      expect(fatalError(subject.ssl, read))
        .toMatchObject({ code: 'ERR_SSL_TLSV1_ALERT_INTERNAL_ERROR', alert: { from: 'peer', description: 80 } })
      link.free()
    })

    it('is told of a write that fails after them: that is not a clean end', () => {
      let forge!: RecordForge
      const forger = {
        configure: useForgeableCiphers,
        prepare: (ssl: ConstructorParameters<typeof RecordForge>[0]) => { forge = new RecordForge(ssl, other(side)) },
      }
      const link = new CallbackLink(lib, { version, [other(side)]: forger })
      for (let result = link.client.ssl.connect(); isWish(result); result = link.client.ssl.connect()) {
        settle(link.server.ssl, link.server.ssl.accept())
      }
      settle(link.server.ssl, link.server.ssl.accept())
      const { ssl } = link[side]
      const incoming = side === 'client' ? link.toClient : link.toServer
      ssl.peek(buffer)
      incoming.write(forge.jdkClose())
      expect(ssl.read(buffer)).toEqual(ZERO_RETURN)
      const bio = new BioCallback(lib, { read: incoming.read, write: () => 0 })
      ssl.setBio(bio)
      const write = ssl.write(utf8('to nobody'))
      expect(write).toEqual({ ret: -1, error: SSL_ERROR_SYSCALL })
      expect(fatalError(ssl, write)).toBeInstanceOf(TransportError)
      link.free()
      bio.free()
    })

    it('learns in the middle of the handshake that the peer has left', () => {
      const { link, forge, subject, peer } = forgedLink()
      link.client.handshake()
      link.carry()
      link.server.handshake()
      if (side === 'server') {
        link.carry()
        link.client.handshake()
        forge.backToHandshake()
        peer.takeAll()
      } else {
        const flight = peer.takeAll()
        const end = 5 + (flight[3]! << 8 | flight[4]!) // of ServerHello
        subject.give(flight.subarray(0, end))
        forge.backToHandshake()
      }
      subject.give(
        version === 'TLSv1.3' ? forge.jdkClose() : Buffer.concat([plaintextAlert(WARNING, USER_CANCELED), plaintextAlert(WARNING, 0)]),
      )
      const result = subject.handshake()
      expect(result).toEqual(ZERO_RETURN)
      const error = fatalError(subject.ssl, result)
      expect(error).toBeInstanceOf(PeerError)
      expect(error).toMatchObject({ code: 'ERR_TLS_HANDSHAKE_CLOSED', alert: { from: 'peer', level: 'warning', description: 0 } })
      link.free()
    })

    if (side === 'client') it('learns before the first answer that the peer has left', () => {
      const { link, subject } = forgedLink()
      subject.handshake()
      subject.give(plaintextAlert(WARNING, USER_CANCELED))
      subject.give(plaintextAlert(WARNING, 0))
      const result = subject.handshake()
      expect(result).toEqual(ZERO_RETURN)
      expect(fatalError(subject.ssl, result)).toMatchObject({ code: 'ERR_TLS_HANDSHAKE_CLOSED' })
      link.free()
    })

    if (version === 'TLSv1.2') it('fails by close_notify at level fatal, and by alerts that nobody knows, each with a name', () => {
      for (const [description, code] of [[0, 'ERR_SSL_TLS_ALERT_CLOSE_NOTIFY'], [200, 'ERR_SSL_TLS_ALERT_UNKNOWN']] as const) {
        const { link, forge, subject } = established()
        subject.give(forge.alert(FATAL, description))
        const read = subject.ssl.read(buffer)
        expect(read.error).toBe(SSL_ERROR_SSL)
        const error = fatalError(subject.ssl, read)
        expect(error).toBeInstanceOf(PeerError)
        expect(error).toMatchObject({ code, alert: { from: 'peer', level: 'fatal', description } })
        expect(error.message).not.toBe('')
        link.free()
      }
    })
    else it('reads a clean end after close_notify at any level: TLS 1.3 knows it by its name', () => {
      const { link, forge, subject } = established()
      subject.give(forge.alert(FATAL, 0))
      expect(subject.ssl.read(buffer)).toEqual(ZERO_RETURN)
      link.free()
    })
  })
})
