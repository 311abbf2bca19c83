// A peer that says what OpenSSL never says: records made by hand, with the keys of a real connection.

import { createCipheriv, createHmac } from 'node:crypto'
import { SSL3_RT_ALERT, SSL3_RT_CHANGE_CIPHER_SPEC, SSL3_RT_HANDSHAKE, SSL3_RT_HEADER } from '../../src/ffi/constants.gen.js'
import type { Ssl, SslCtx } from '../../src/core.js'
import type { Side } from './link.js'

const SERVER_HELLO = 2
const FINISHED = 20
const CLOSE_NOTIFY = 0
const USER_CANCELED = 90

/** The forge knows one AEAD and one hash. For `configure` of the side that forges. */
export function useForgeableCiphers(ctx: SslCtx): void {
  ctx.setCipherList('ECDHE+CHACHA20')
  ctx.setCiphersuites('TLS_CHACHA20_POLY1305_SHA256')
}

/** Makes records of one side. The Ssl itself must write nothing after the first: it would count on as before. */
export class RecordForge {
  /** Messages of the handshake that the Ssl wrote itself, in the clear. */
  readonly messages: Uint8Array[] = []
  readonly #ssl: Ssl
  readonly #side: Side
  readonly #secrets = new Map<string, readonly [clientRandom: string, secret: string]>()
  #serverRandom = Buffer.alloc(0)
  #phase: 'HANDSHAKE' | 'TRAFFIC' = 'HANDSHAKE'
  /** Of the next record with the keys of the phase. */
  #sequence = 0

  /** @param ssl whose handshake has not begun; it must use {@link useForgeableCiphers} */
  constructor(ssl: Ssl, side: Side) {
    this.#ssl = ssl
    this.#side = side
    ssl.setKeylogCallback((line) => {
      const [label, clientRandom, secret] = line.split(' ')
      this.#secrets.set(label!, [clientRandom!, secret!])
    })
    ssl.setMsgCallback(({ sent, contentType, bytes }) => {
      if (contentType === SSL3_RT_HANDSHAKE && bytes[0] === SERVER_HELLO) this.#serverRandom = Buffer.from(bytes.slice(6, 38))
      if (!sent) return
      if (contentType === SSL3_RT_HEADER) this.#sequence++ // before what the record holds
      if (contentType === SSL3_RT_HANDSHAKE) this.messages.push(bytes)
      const finished = contentType === SSL3_RT_HANDSHAKE && bytes[0] === FINISHED
      if (finished && ssl.getVersion() === 'TLSv1.3') this.#phase = 'TRAFFIC'
      if (contentType === SSL3_RT_CHANGE_CIPHER_SPEC || (finished && this.#phase === 'TRAFFIC')) this.#sequence = 0
    })
  }

  /** From now on its first records of the handshake that are encrypted (TLS 1.3), in the place of those it wrote itself. */
  backToHandshake(): void {
    this.#phase = 'HANDSHAKE'
    this.#sequence = 0
  }

  /** What a JDK's SSLSocket.close() sends: a warning, user_canceled, and close_notify. */
  jdkClose(): Uint8Array {
    return Buffer.concat([this.alert(1, USER_CANCELED), this.alert(1, CLOSE_NOTIFY)])
  }

  alert(level: number, description: number): Uint8Array {
    return this.record(SSL3_RT_ALERT, Uint8Array.of(level, description))
  }

  /** The next record, as this side would send it now; after the handshake, or see {@link backToHandshake}. */
  record(contentType: number, plaintext: Uint8Array): Uint8Array {
    const old = this.#ssl.getVersion() === 'TLSv1.2'
    const { key, iv } = old ? this.#oldKeys() : this.#newKeys()
    const sequence = Buffer.alloc(8)
    sequence.writeUInt32BE(this.#sequence++, 4)
    const nonce = Buffer.from(iv)
    for (let at = 0; at < 8; at++) nonce[at + 4]! ^= sequence[at]!
    const inner = old ? plaintext : Buffer.concat([plaintext, Uint8Array.of(contentType)])
    const header = (bytes: number) => Uint8Array.of(old ? contentType : 23, 3, 3, bytes >> 8, bytes & 0xff)
    const cipher = createCipheriv('chacha20-poly1305', key, nonce, { authTagLength: 16 })
    cipher.setAAD(
      old ? Buffer.concat([sequence, header(inner.byteLength)]) : header(inner.byteLength + 16), { plaintextLength: inner.byteLength },
    )
    return Buffer.concat([header(inner.byteLength + 16), cipher.update(inner), cipher.final(), cipher.getAuthTag()])
  }

  // RFC 8446 §7.3
  #newKeys(): { key: Uint8Array; iv: Uint8Array } {
    const label = this.#side.toUpperCase() + (this.#phase === 'TRAFFIC' ? '_TRAFFIC_SECRET_0' : '_HANDSHAKE_TRAFFIC_SECRET')
    const secret = Buffer.from(this.#secrets.get(label)![1], 'hex')
    const expand = (name: string, bytes: number) => {
      const full = Buffer.from(`tls13 ${name}`)
      const info = Buffer.concat([Uint8Array.of(0, bytes, full.byteLength), full, Uint8Array.of(0)])
      return createHmac('sha256', secret).update(info).update(Uint8Array.of(1)).digest().subarray(0, bytes)
    }
    return { key: expand('key', 32), iv: expand('iv', 12) }
  }

  // RFC 5246 §6.3, RFC 7905
  #oldKeys(): { key: Uint8Array; iv: Uint8Array } {
    const [clientRandom, master] = this.#secrets.get('CLIENT_RANDOM')!
    const seed = Buffer.concat([Buffer.from('key expansion'), this.#serverRandom, Buffer.from(clientRandom, 'hex')])
    const hmac = (...parts: Uint8Array[]) =>
      parts.reduce((mac, part) => mac.update(part), createHmac('sha256', Buffer.from(master, 'hex'))).digest()
    let block = Buffer.alloc(0)
    for (let a = hmac(seed); block.byteLength < 88; a = hmac(a)) block = Buffer.concat([block, hmac(a, seed)])
    const side = this.#side === 'client' ? 0 : 1
    return { key: block.subarray(side * 32, side * 32 + 32), iv: block.subarray(64 + side * 12, 64 + side * 12 + 12) }
  }
}
