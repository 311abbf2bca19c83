// SSL_shutdown(3): close_notify in both directions, in one, quietly, and by reading.

import { beforeAll, describe, expect, it } from 'vitest'
import {
  fatalError, load, SSL_ERROR_NONE, SSL_ERROR_SSL, SSL_ERROR_WANT_READ, SSL_ERROR_WANT_WRITE, SSL_ERROR_ZERO_RETURN,
  SSL_RECEIVED_SHUTDOWN, SSL_SENT_SHUTDOWN, TruncationError, type LibSsl,
} from '../../src/core.js'
import { Link, text, utf8, VERSIONS } from '../helpers/link.js'

let lib: LibSsl
beforeAll(async () => { lib = await load() })

const BOTH = SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN
const buffer = new Uint8Array(100)

describe.each(VERSIONS)('%s', (version) => {
  const established = () => new Link(lib, { version }).established()

  describe.each([['client', 'server'], ['server', 'client']] as const)('SSL_shutdown(3), the %s first', (first, second) => {
    it('returns 0 once close_notify was sent, wants to read until the peer\'s comes, then returns 1', () => {
      const link = established()
      const [a, b] = [link[first].ssl, link[second].ssl]
      expect(a.shutdown().ret).toBe(0)
      expect(a.getShutdown()).toBe(SSL_SENT_SHUTDOWN)
      for (let i = 0; i < 3; i++) expect(a.shutdown()).toEqual({ ret: -1, error: SSL_ERROR_WANT_READ })
      link.carry()
      expect(b.read(buffer)).toEqual({ ret: 0, error: SSL_ERROR_ZERO_RETURN })
      expect(b.getShutdown()).toBe(SSL_RECEIVED_SHUTDOWN)
      expect(b.shutdown()).toEqual({ ret: 1, error: SSL_ERROR_NONE })
      link.carry()
      expect(a.shutdown()).toEqual({ ret: 1, error: SSL_ERROR_NONE })
      expect([a.getShutdown(), b.getShutdown()]).toEqual([BOTH, BOTH])
      link.free()
    })

    it('may be completed by reading: SSL_ERROR_ZERO_RETURN is the peer\'s close_notify', () => {
      const link = established()
      const [a, b] = [link[first].ssl, link[second].ssl]
      expect(a.shutdown().ret).toBe(0)
      expect(a.read(buffer)).toEqual({ ret: -1, error: SSL_ERROR_WANT_READ })
      b.write(utf8('last words'))
      b.shutdown()
      link.carry()
      expect(a.read(buffer)).toEqual({ ret: 10, error: SSL_ERROR_NONE })
      expect(text(buffer.subarray(0, 10))).toBe('last words')
      for (let i = 0; i < 3; i++) expect(a.read(buffer)).toEqual({ ret: 0, error: SSL_ERROR_ZERO_RETURN })
      expect(a.shutdown().ret).toBe(1)
      link.free()
    })

    it('closes one direction only: the other side may go on writing', () => {
      const link = established()
      const [a, b] = [link[first].ssl, link[second].ssl]
      a.shutdown()
      link.carry()
      expect(b.read(buffer).error).toBe(SSL_ERROR_ZERO_RETURN)
      expect(b.write(utf8('still here'))).toEqual({ ret: 10, error: SSL_ERROR_NONE })
      link.carry()
      expect(a.read(buffer).ret).toBe(10)
      // Its own direction is closed.
      const write = a.write(utf8('too late'))
      expect(write).toEqual({ ret: -1, error: SSL_ERROR_SSL })
      expect(fatalError(a, write).code).toBe('ERR_SSL_PROTOCOL_IS_SHUTDOWN')
      link.free()
    })

    it('fails when it meets data that nobody has read', () => {
      const link = established()
      const [a, b] = [link[first].ssl, link[second].ssl]
      b.write(utf8('unread'))
      link.carry()
      expect(a.shutdown().ret).toBe(0)
      const result = a.shutdown()
      expect(result).toEqual({ ret: -1, error: SSL_ERROR_SSL })
      expect(fatalError(a, result).code).toBe('ERR_SSL_APPLICATION_DATA_AFTER_CLOSE_NOTIFY')
      link.free()
    })

    it('sends nothing and returns 1 at once when it is quiet', () => {
      const link = established()
      const [a, b] = [link[first], link[second]]
      a.ssl.setQuietShutdown(true)
      expect(a.ssl.shutdown()).toEqual({ ret: 1, error: SSL_ERROR_NONE })
      expect(a.ssl.getShutdown()).toBe(BOTH)
      expect(a.pair.network.ctrlPending()).toBe(0)
      // The peer cannot tell that from an attack.
      b.pair.network.shutdownWr()
      const read = b.ssl.read(buffer)
      expect(fatalError(b.ssl, read)).toBeInstanceOf(TruncationError)
      link.free()
    })

    it('returns 1 at once when SSL_set_shutdown says that both were exchanged', () => {
      const link = established()
      link[first].ssl.setShutdown(BOTH)
      expect(link[first].ssl.shutdown().ret).toBe(1)
      expect(link[first].pair.network.ctrlPending()).toBe(0)
      link.free()
    })

    it('wants to write while the pair has no room for close_notify, and sends it once', () => {
      const link = new Link(lib, { version, [first]: { internalBytes: 8 } }).established()
      const a = link[first]
      link.carry()
      expect(a.ssl.shutdown()).toEqual({ ret: -1, error: SSL_ERROR_WANT_WRITE })
      expect(a.ssl.shutdown()).toEqual({ ret: -1, error: SSL_ERROR_WANT_WRITE })
      let result = a.ssl.shutdown()
      for (; result.error === SSL_ERROR_WANT_WRITE; result = a.ssl.shutdown()) expect(link.carry()).toBeGreaterThan(0)
      expect(result.ret).toBe(0)
      link.carry()
      expect(link[second].ssl.read(buffer).error).toBe(SSL_ERROR_ZERO_RETURN)
      link.free()
    })

    it('is not answered by the end of the stream: that is a truncation', () => {
      const link = established()
      link[first].ssl.shutdown()
      link[first].pair.network.shutdownWr()
      const result = link[first].ssl.shutdown()
      expect(result).toEqual({ ret: -1, error: SSL_ERROR_SSL })
      expect(fatalError(link[first].ssl, result)).toBeInstanceOf(TruncationError)
      link.free()
    })
  })

  describe('SSL_shutdown(3)', () => {
    it.each(['before', 'in the middle of'] as const)('is refused %s a handshake', (when) => {
      const link = new Link(lib, { version })
      if (when === 'before') link.client.ssl.setConnectState()
      else link.client.handshake()
      link.client.takeAll()
      const result = link.client.ssl.shutdown()
      expect(result).toEqual({ ret: -1, error: SSL_ERROR_SSL })
      expect(fatalError(link.client.ssl, result).code).toBe('ERR_SSL_SHUTDOWN_WHILE_IN_INIT')
      expect(link.client.takeAll()).toHaveLength(0)
      link.free()
    })

    it('may come from both sides at once', () => {
      const link = established()
      expect([link.client.ssl.shutdown().ret, link.server.ssl.shutdown().ret]).toEqual([0, 0])
      link.carry()
      expect([link.client.ssl.shutdown().ret, link.server.ssl.shutdown().ret]).toEqual([1, 1])
      link.free()
    })
  })
})
