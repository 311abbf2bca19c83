// The keys of a server's session tickets: many connections share them, and with toBytes() many machines.
//
// The bytes: 'TLSk', a version (1), how many keys (1), then each: when it was made in milliseconds since 1970 (8, a
// double, big-endian) and the key as OpenSSL has it (80).

import { BinaryReader, float64, uint } from '../../base/binary.js'
import { asBytes, concat, isBytesLike, utf8, type BytesLike } from '../../base/bytes.js'
import { ApiMisuseError } from '../../base/errors.js'
import { isIntegerFrom, knownOptions } from '../../base/options.js'
import { brandOf, hasMethods } from '../../base/realms.js'
import { LSW_TICKET_KEY_BYTES } from '../../ffi/constants.gen.js'

const MAGIC = utf8('TLSk')
const FORMAT = 1
/** @internal What `maxKeys` may be at most. */
export const MOST_TICKET_KEYS = 16

/** Options of {@link TicketKeys}. */
export interface TicketKeysOptions {
  /**
   * Has a key of this age replaced when it would next be used. Default: only {@link TicketKeys.rotate} does that. Not for
   * keys that several machines share: each would make keys of its own.
   */
  readonly rotateAfterMs?: number | undefined
  /** How many keys are kept, the current one counted. Default 3. */
  readonly maxKeys?: number | undefined
}

/**
 * Keys that session tickets are encrypted with: the current one makes them, older ones are still accepted, and a client that
 * shows a ticket of an older key gets a new one. With a key, anybody can read every TLS 1.2 session that was resumable under
 * it, and the early data of TLS 1.3: rotate them, and forget them.
 */
export class TicketKeys {
  readonly #keys: { readonly madeAtMs: number; readonly key: Uint8Array }[] = []
  readonly #rotateAfterMs: number
  readonly #maxKeys: number
  /** @internal */
  readonly [Symbol.toStringTag] = 'TicketKeys'

  /**
   * One new key, or those that {@link toBytes} gave, of which the newest `maxKeys` are kept. Throws
   * `ERR_TLS_INVALID_ARGUMENT` for other bytes and for wrong options, and `ERR_TLS_UNKNOWN_OPTION`.
   */
  constructor(bytes?: BytesLike | undefined, options: TicketKeysOptions = {}) {
    const { rotateAfterMs = Infinity, maxKeys = 3 } = knownOptions(options, 'TicketKeys', 'rotateAfterMs', 'maxKeys')
    if (!(rotateAfterMs > 0)) throw wrong('rotateAfterMs must be above 0')
    const wrongMax = isIntegerFrom(1, MOST_TICKET_KEYS)(maxKeys)
    if (wrongMax) throw wrong(`maxKeys ${wrongMax}`)
    this.#rotateAfterMs = rotateAfterMs
    this.#maxKeys = maxKeys
    if (bytes === undefined) this.rotate()
    else this.#read(bytes)
  }

  /** Makes a new key the current one. The oldest goes if there are more than `maxKeys`. */
  rotate(): void {
    this.#keys.unshift({ madeAtMs: Date.now(), key: crypto.getRandomValues(new Uint8Array(LSW_TICKET_KEY_BYTES)) })
    this.#forgetOld()
  }

  /** All keys, for another process or machine. Keep them as you would keep the server's private key. */
  toBytes(): Uint8Array<ArrayBuffer> {
    const keys = this.#keys.flatMap(({ madeAtMs, key }) => [float64(madeAtMs), key])
    return concat([MAGIC, uint(1, FORMAT), uint(1, this.#keys.length), ...keys])
  }

  /** @internal As OpenSSL has them, the current one first. Rotates them if it is time to. */
  use(): Uint8Array<ArrayBuffer> {
    if (Date.now() - this.#keys[0]!.madeAtMs >= this.#rotateAfterMs) this.rotate()
    return concat(this.#keys.map(({ key }) => key))
  }

  #read(given: BytesLike): void {
    if (!isBytesLike(given)) throw wrong('these are not bytes')
    const reader = new BinaryReader(asBytes(given), wrong)
    if (!reader.skips(MAGIC) || reader.uint(1) !== FORMAT) throw wrong('these are not the bytes of TicketKeys')
    const count = reader.uint(1)
    if (count < 1 || count > MOST_TICKET_KEYS) throw wrong(`there must be 1 to ${MOST_TICKET_KEYS} keys in these bytes`)
    while (this.#keys.length < count) this.#keys.push({ madeAtMs: reader.float64(), key: reader.take(LSW_TICKET_KEY_BYTES) })
    reader.end()
    this.#forgetOld() // they may come from an object that keeps more
  }

  #forgetOld(): void {
    for (const { key } of this.#keys.splice(this.#maxKeys)) key.fill(0)
  }
}

/** Also of another copy of this package, which rotates its keys itself. */
export function isTicketKeys(value: unknown): value is TicketKeys {
  return brandOf(value) === 'TicketKeys' && hasMethods(value, 'use', 'toBytes')
}

function wrong(why: string): ApiMisuseError {
  return new ApiMisuseError('ERR_TLS_INVALID_ARGUMENT', `TicketKeys: ${why}`)
}
