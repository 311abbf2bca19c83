// A peer of a connection, by hand: it handshakes as others do, and then says what a test wants, word for word.

import type { ByteTransport, ProtocolVersion } from '../../src/index.js'
import type { LibSsl } from '../../src/core.js'
import { Endpoint, type Side } from './link.js'
import { RecordForge, useForgeableCiphers } from './record-forge.js'

export class ForgingPeer {
  readonly endpoint: Endpoint
  forge!: RecordForge
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>

  constructor(lib: LibSsl, side: Side, transport: ByteTransport, version: ProtocolVersion) {
    this.#reader = transport.readable.getReader()
    this.#writer = transport.writable.getWriter()
    this.endpoint = new Endpoint(lib, side, {
      version, [side]: { configure: useForgeableCiphers, prepare: (ssl: Endpoint['ssl']) => { this.forge = new RecordForge(ssl, side) } },
    })
  }

  async handshake(): Promise<void> {
    while (this.endpoint.handshake().ret !== 1) await this.#turn()
    await this.send(this.endpoint.takeAll())
  }

  /** Sends these bytes as they are. */
  async send(bytes: Uint8Array): Promise<void> {
    if (bytes.byteLength > 0) await this.#writer.write(bytes)
  }

  /** Ends the transport's direction, without a word. */
  async hangUp(): Promise<void> {
    await this.#writer.close()
  }

  /** The plaintext until the other's close_notify. */
  async readAll(): Promise<Uint8Array> {
    const buffer = new Uint8Array(65536)
    for (let size = 0;;) {
      const { ret } = this.endpoint.ssl.read(buffer.subarray(size))
      if (ret > 0) size += ret
      else if (this.endpoint.ssl.getShutdown() !== 0) return buffer.slice(0, size)
      else await this.#turn()
    }
  }

  free(): void {
    this.endpoint.free()
  }

  async #turn(): Promise<void> {
    await this.send(this.endpoint.takeAll())
    const { done, value } = await this.#reader.read()
    if (done) this.endpoint.pair.network.shutdownWr()
    else this.endpoint.give(value)
  }
}
