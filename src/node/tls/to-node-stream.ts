// An open connection of connect() or accept() as a socket of Node's, for clients and agents that take one.

import type { TlsConnection } from '../../frontends/whatwg/tls-connection.js'
import { Buffer } from '../platform/buffer.js'
import { SocketFace, type Beneath } from './socket-face.js'

/** What has no socket beneath that could be asked has no addresses; `setKeepAlive` and the like do nothing. */
class ConnectionSocket extends SocketFace {
  readonly encrypted = true as const
  authorized = false
  alpnProtocol: string | false | null = null
  servername: string | false | null = null
  readonly #connection: TlsConnection
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>

  constructor(connection: TlsConnection) {
    super({} as Beneath, { allowHalfOpen: false })
    this.#connection = connection
    this.#reader = connection.readable.getReader()
    this.#writer = connection.writable.getWriter()
    this.#writer.closed.catch(() => {}) // the write that fails tells
    connection.opened.then(({ alpnProtocol, servername, verifyResult }) => queueMicrotask(() => {
      this.alpnProtocol = alpnProtocol ?? false
      this.servername = servername ?? false
      this.authorized = verifyResult === 'X509_V_OK'
      this.emit('secureConnect')
    }), this.#fail)
  }

  override _read(): void {
    this.#reader.read().then(({ value }) => queueMicrotask(() => {
      if (value) this._received(value.byteLength)
      this._tell(() => { this.push(value ? Buffer.from(value.buffer as ArrayBuffer, value.byteOffset, value.byteLength) : null) })
    }), this.#fail)
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, callback: (error?: Error | null) => void): void {
    this.#settle(this.#writer.write(chunk).then(() => this._sent(chunk.byteLength)), callback)
  }

  override _final(callback: (error?: Error | null) => void): void {
    this.#settle(this.#writer.close(), callback)
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    if (error || !this.readableEnded || !this.writableFinished) this.#connection.abort(error ?? new Error('the socket was destroyed'))
    this._finishDestroy(error, callback)
  }

  readonly #fail = (error: unknown): void => {
    queueMicrotask(() => this.destroy(error as Error))
  }

  #settle(promise: Promise<unknown>, callback: (error?: Error | null) => void): void {
    promise.then(() => queueMicrotask(callback), (error: Error) => queueMicrotask(() => callback(error)))
  }
}

/**
 * Takes over the streams of `connection`, which must not be locked, and gives a Duplex that has what node:http's agents, pg, mysql2,
 * ioredis and nodemailer ask of a socket. 'secureConnect' tells of the handshake; errors are the connection's. When both directions
 * have ended, or it is destroyed, the connection is closed.
 */
export function toNodeStream(connection: TlsConnection): ConnectionSocket {
  return new ConnectionSocket(connection)
}
