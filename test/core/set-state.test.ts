// SSL_set_connect_state(3), SSL_set_accept_state(3): the role, set before a handshake that names none.

import { beforeAll, describe, expect, it } from 'vitest'
import { fatalError, load, SSL_ERROR_NONE, SSL_ERROR_SSL, SSL_ERROR_WANT_READ, type LibSsl } from '../../src/core.js'
import { isWish, Link, settle, text, utf8, VERSIONS } from '../helpers/link.js'

let lib: LibSsl
beforeAll(async () => { lib = await load() })

describe.each(VERSIONS)('%s', (version) => {
  describe('SSL_set_connect_state(3)', () => {
    it('makes SSL_do_handshake the handshake of a client', () => {
      const link = new Link(lib, { version })
      link.client.ssl.setConnectState()
      expect(link.client.ssl.isServer()).toBe(false)
      expect(link.client.ssl.doHandshake()).toEqual({ ret: -1, error: SSL_ERROR_WANT_READ })
      const hello = link.client.takeAll()
      expect([hello[0], hello[5]]).toEqual([22, 1]) // a handshake record with a ClientHello
      link.free()
    })

    it('lets SSL_write and SSL_read do the handshake by themselves', () => {
      const link = new Link(lib, { version })
      link.client.ssl.setConnectState()
      link.server.ssl.setAcceptState()
      const message = utf8('first words')
      const buffer = new Uint8Array(100)
      let wrote = link.client.ssl.write(message)
      let read = link.server.ssl.read(buffer)
      expect(isWish(wrote)).toBe(true)
      while (read.ret <= 0) {
        expect(isWish(read)).toBe(true)
        if (wrote.ret <= 0) wrote = link.client.ssl.write(message)
        link.carry()
        read = link.server.ssl.read(buffer)
        link.carry()
      }
      expect(wrote).toEqual({ ret: 11, error: SSL_ERROR_NONE })
      expect(text(buffer.subarray(0, read.ret))).toBe('first words')
      link.free()
    })

    it('starts anew on a connection that had another role', () => {
      const link = new Link(lib, { version })
      link.client.ssl.setConnectState()
      link.client.ssl.setConnectState()
      expect(link.established().client.ssl.getVersion()).toBe(version)
      link.free()
    })
  })

  describe('SSL_set_accept_state(3)', () => {
    it('makes SSL_do_handshake the handshake of a server', () => {
      const link = new Link(lib, { version })
      link.server.ssl.setAcceptState()
      expect(link.server.ssl.isServer()).toBe(true)
      expect(link.server.ssl.doHandshake()).toEqual({ ret: -1, error: SSL_ERROR_WANT_READ })
      expect(link.server.takeAll()).toHaveLength(0) // a server is silent until it is greeted
      for (let result = link.server.ssl.doHandshake(); isWish(result); result = settle(link.server.ssl, link.server.ssl.doHandshake())) {
        link.client.handshake()
        link.carry()
      }
      expect(link.server.ssl.isInitFinished()).toBe(true)
      link.free()
    })

    it('is refused by the first handshake on a connection that was made for a client', () => {
      const link = new Link(lib, { version })
      link.client.ssl.setAcceptState()
      const result = link.client.ssl.doHandshake()
      expect(result).toEqual({ ret: 0, error: SSL_ERROR_SSL })
      expect(fatalError(link.client.ssl, result).code).toBe('ERR_SSL_CALLED_A_FUNCTION_YOU_SHOULD_NOT_CALL')
      link.free()
    })
  })

  describe('SSL_read(3) and SSL_write(3)', () => {
    it('answer -1 and SSL_ERROR_SSL when no role was set', () => {
      const link = new Link(lib, { version })
      for (const result of [
        link.client.ssl.read(new Uint8Array(1)), link.client.ssl.write(new Uint8Array(1)), link.client.ssl.shutdown(),
      ]) {
        expect(result).toEqual({ ret: -1, error: SSL_ERROR_SSL })
        expect(fatalError(link.client.ssl, result).code).toBe('ERR_SSL_UNINITIALIZED')
      }
      link.free()
    })
  })
})
