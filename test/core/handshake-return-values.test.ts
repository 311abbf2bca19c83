// SSL_connect(3), RETURN VALUES: 1 done, 0 shut down controlled, below 0 a failure or a wish.

import { beforeAll, describe, expect, it } from 'vitest'
import {
  fatalError, load, PeerError, SSL_ERROR_NONE, SSL_ERROR_SSL, SSL_ERROR_SYSCALL, SSL_ERROR_WANT_READ, SSL_ERROR_ZERO_RETURN,
  SSL_OP_IGNORE_UNEXPECTED_EOF, SSL_RECEIVED_SHUTDOWN, Ssl, SslCtx, TruncationError, type LibSsl,
} from '../../src/core.js'
import { HANDSHAKES, isWish, Link, other, settle, utf8, VERSIONS, type LinkOptions } from '../helpers/link.js'

let lib: LibSsl
beforeAll(async () => { lib = await load() })

const closeNotify = Uint8Array.of(21, 3, 3, 0, 2, 1, 0)
const handshakeFailure = Uint8Array.of(21, 3, 3, 0, 2, 2, 40)

for (const { name, as, side, call, prepare } of HANDSHAKES) describe(`${name} return values${as}`, () => {
  describe.each(VERSIONS)('%s', (version) => {
    /** A link in the middle of its handshake: the side under test has spoken, and waits for an answer. */
    function midway(options: LinkOptions = {}): Link {
      const link = new Link(lib, { version, ...options, [side]: { prepare, ...options[side] } })
      if (side === 'server') {
        link.client.handshake()
        link.carry()
      }
      expect(call(link[side].ssl)).toEqual({ ret: -1, error: SSL_ERROR_WANT_READ })
      link[side].takeAll()
      return link
    }

    it('are 1 and SSL_ERROR_NONE once the handshake was completed, and again when it is repeated', () => {
      const link = new Link(lib, { version, [side]: { prepare } })
      let result = call(link[side].ssl)
      for (; isWish(result); result = call(link[side].ssl)) {
        link.carry()
        link[other(side)].handshake()
        link.carry()
      }
      settle(link[side].ssl, result)
      link.carry()
      for (let i = 0; i < 3; i++) {
        expect(call(link[side].ssl)).toEqual({ ret: 1, error: SSL_ERROR_NONE })
        expect(link[side].ssl.getError()).toBe(SSL_ERROR_NONE)
        expect(link[side].pair.network.ctrlPending()).toBe(0)
      }
      link.free()
    })

    it('are 0 and SSL_ERROR_ZERO_RETURN when the peer sends close_notify in the handshake', () => {
      const link = midway()
      link[side].give(closeNotify)
      expect(call(link[side].ssl)).toEqual({ ret: 0, error: SSL_ERROR_ZERO_RETURN })
      expect(link[side].ssl.getError()).toBe(SSL_ERROR_ZERO_RETURN)
      expect(link[side].ssl.getShutdown()).toBe(SSL_RECEIVED_SHUTDOWN)
      expect(link[side].ssl.isInitFinished()).toBe(false)
      expect(link[side].ssl.getAlert()).toEqual({ from: 'peer', level: 'warning', description: 0 })
      link.free()
    })

    it('are 0 and SSL_ERROR_ZERO_RETURN at the end of the stream with SSL_OP_IGNORE_UNEXPECTED_EOF', () => {
      const link = midway({ [side]: { prepare, configure: (ctx: SslCtx) => { ctx.setOptions(SSL_OP_IGNORE_UNEXPECTED_EOF) } } })
      link[side].pair.network.shutdownWr()
      const result = call(link[side].ssl)
      expect(result).toEqual({ ret: 0, error: SSL_ERROR_ZERO_RETURN })
      expect(fatalError(link[side].ssl, result)).toBeInstanceOf(TruncationError)
      link.free()
    })

    it('are -1 and SSL_ERROR_SSL when the peer sends a fatal alert, now and ever after', () => {
      const link = midway()
      link[side].give(handshakeFailure)
      for (let i = 0; i < 3; i++) {
        const result = call(link[side].ssl)
        expect(result).toEqual({ ret: -1, error: SSL_ERROR_SSL })
        const error = fatalError(link[side].ssl, result)
        expect(error).toBeInstanceOf(PeerError)
        expect(error).toMatchObject({ alert: { from: 'peer', level: 'fatal', description: 40 } })
        expect(error.code).toMatch(/^ERR_SSL_(SSLV3|TLS)_ALERT_HANDSHAKE_FAILURE$/)
      }
      link.free()
    })

    it('are -1 and SSL_ERROR_SSL when the peer speaks no TLS', () => {
      const link = midway()
      link[side].give(utf8('HTTP/1.1 400 Bad Request\r\n\r\n'))
      const result = call(link[side].ssl)
      expect(result).toEqual({ ret: -1, error: SSL_ERROR_SSL })
      expect(fatalError(link[side].ssl, result)).toBeInstanceOf(PeerError)
      link.free()
    })

    it('are -1 and SSL_ERROR_SSL when the stream ends', () => {
      const link = midway()
      link[side].pair.network.shutdownWr()
      for (let i = 0; i < 3; i++) {
        const result = call(link[side].ssl)
        expect(result).toEqual({ ret: -1, error: SSL_ERROR_SSL })
        expect(fatalError(link[side].ssl, result)).toBeInstanceOf(TruncationError)
      }
      link.free()
    })

    it('are -1 and an error when there is no BIO', () => {
      const ctx = new SslCtx(lib, side === 'client' ? 'TLS_client_method' : 'TLS_server_method')
      const ssl = new Ssl(ctx)
      prepare(ssl)
      const result = call(ssl)
      expect(result.ret).toBe(-1)
      expect([SSL_ERROR_SSL, SSL_ERROR_SYSCALL]).toContain(result.error)
      ssl.free()
      ctx.free()
    })
  })
})

describe('SSL_connect(3) return values', () => {
  it('are 0 and SSL_ERROR_SSL on a connection that was made for a server', () => {
    const ctx = new SslCtx(lib, 'TLS_server_method')
    const ssl = new Ssl(ctx)
    const result = ssl.connect()
    expect(result).toEqual({ ret: 0, error: SSL_ERROR_SSL })
    expect(fatalError(ssl, result).code).toBe('ERR_SSL_CALLED_A_FUNCTION_YOU_SHOULD_NOT_CALL')
    ssl.free()
    ctx.free()
  })
})

describe('SSL_accept(3) return values', () => {
  it('are 0 and SSL_ERROR_SSL on a connection that was made for a client', () => {
    const ctx = new SslCtx(lib, 'TLS_client_method')
    const ssl = new Ssl(ctx)
    const result = ssl.accept()
    expect(result).toEqual({ ret: 0, error: SSL_ERROR_SSL })
    expect(fatalError(ssl, result).code).toBe('ERR_SSL_CALLED_A_FUNCTION_YOU_SHOULD_NOT_CALL')
    ssl.free()
    ctx.free()
  })
})

describe('SSL_do_handshake(3) return values', () => {
  it('are -1 and SSL_ERROR_SSL when no role was set', () => {
    const ctx = new SslCtx(lib, 'TLS_client_method')
    const ssl = new Ssl(ctx)
    const result = ssl.doHandshake()
    expect(result).toEqual({ ret: -1, error: SSL_ERROR_SSL })
    expect(fatalError(ssl, result).code).toBe('ERR_SSL_CONNECTION_TYPE_NOT_SET')
    ssl.free()
    ctx.free()
  })
})
