// Callbacks in values of JavaScript, where C (callbacks.gen.ts) passes addresses and wants numbers.

import { ApiMisuseError } from '../base/errors.js'
import { asBytes, decodeUtf8, isBytesLike, utf8, type BytesLike } from '../base/bytes.js'
import * as K from './callback-numbers.gen.js'
import type { RawBioCallbacks, RawSslCallbacks } from './callbacks.gen.js'
import { LSW_BIO_ACCEPT, LSW_BIO_CONNECT, LSW_BIO_WOULD_BLOCK, LSW_PSK_SHA384, PSK_MAX_PSK_LEN } from './constants.gen.js'
import type { Memory } from './memory.js'

/**
 * What a BIO's callback may answer: a count of bytes, 0 at the end of input, `'would block'`; or, as a BIO that
 * still makes its connection itself, `'want connect'` or `'want accept'`.
 */
export type BioAnswer = number | 'would block' | 'want connect' | 'want accept'

/** The two functions that a callback BIO is made of. */
export interface BioCallbacks {
  /** Puts bytes into `buffer` and returns how many. `buffer` is the callee's for the time of the call only. */
  read(buffer: Uint8Array): BioAnswer
  /** Takes bytes from `bytes` and returns how many. `bytes` is a copy that the callee may keep. */
  write(bytes: Uint8Array): BioAnswer
}

/** 1 go on, 0 fail, -1 suspend: the I/O call returns and is to be repeated. */
export type CallbackVerdict = 1 | 0 | -1

/** A message that was sent or received, as SSL_set_msg_callback(3) has it. */
export interface ProtocolMessage {
  /** By us; else received. */
  readonly sent: boolean
  /** The protocol's number, for example 0x0304; of a record header, the number in it. */
  readonly version: number
  /** `SSL3_RT_…`. */
  readonly contentType: number
  /** The message in the clear, a copy; of a record its header alone. */
  readonly bytes: Uint8Array<ArrayBuffer>
}

/** An external pre-shared key. */
export interface PskKey {
  /** 16 to 512 bytes. Copies in linear memory are overwritten. */
  readonly key: BytesLike
  /** Which hash it is for, in TLS 1.3 (RFC 8446 §4.2.11). Default `SHA-256`. */
  readonly hash?: 'SHA-256' | 'SHA-384' | undefined
}

/** Of a client, with the name that the server knows it by. */
export interface PskIdentityKey extends PskKey {
  /** 1 to 255 bytes of UTF-8, without NUL. It goes over the wire in the clear. */
  readonly identity: string
}

/** A BIO's functions, for C. */
export function bioCallbacks(callbacks: BioCallbacks, memory: Memory): RawBioCallbacks {
  return {
    [K.bioRead](buf, length) {
      // A buffer of JavaScript's own: the callback may do anything, also make memory grow.
      const buffer = new Uint8Array(length)
      const count = answerToC(callbacks.read(buffer), length)
      if (count > 0) memory.copyIn(buffer.subarray(0, count), buf)
      return count
    },
    [K.bioWrite]: (bytes) => answerToC(callbacks.write(bytes), bytes.byteLength),
  }
}

const waits = { 'would block': LSW_BIO_WOULD_BLOCK, 'want connect': LSW_BIO_CONNECT, 'want accept': LSW_BIO_ACCEPT } as const

function answerToC(answer: BioAnswer, length: number): number {
  if (typeof answer === 'string' && Object.hasOwn(waits, answer)) return waits[answer]
  if (Number.isInteger(answer) && (answer as number) >= 0 && (answer as number) <= length) return answer as number
  throw new RangeError(`a BIO callback answered ${String(answer)}; it may answer 0 to ${length}, or 'would block'`)
}

/** A client's source of pre-shared keys, for C. Shorter keys than `leastBytes` are refused. */
export function pskClientCallback(
  callback: (hint: string | undefined) => PskIdentityKey | undefined, memory: Memory, leastBytes: number,
): NonNullable<RawSslCallbacks[typeof K.pskClientCb]> {
  return (hint, identity, identityCapacity, key, keyCapacity) => {
    const psk = callback(hint)
    if (psk === undefined) return 0
    const name = utf8(String(psk.identity))
    if (name.byteLength < 1 || name.byteLength >= identityCapacity || name.byteLength > 255 || name.includes(0)) {
      throw new ApiMisuseError('ERR_TLS_INVALID_ARGUMENT', 'the identity of a pre-shared key has 1 to 255 bytes, and no NUL')
    }
    memory.copyIn(Uint8Array.of(...name, 0), identity)
    return giveKey(psk, memory, key, keyCapacity, leastBytes)
  }
}

/** A server's source of pre-shared keys, for C. Shorter keys than `leastBytes` are refused. */
export function pskServerCallback(
  callback: (identity: string) => PskKey | undefined, memory: Memory, leastBytes: number,
): NonNullable<RawSslCallbacks[typeof K.pskServerCb]> {
  return (identity, key, keyCapacity) => {
    const psk = callback(decodeUtf8(identity))
    return psk === undefined ? 0 : giveKey(psk, memory, key, keyCapacity, leastBytes)
  }
}

function giveKey({ key, hash = 'SHA-256' }: PskKey, memory: Memory, to: number, capacity: number, leastBytes: number): number {
  const wrong = wrongPskKey(key, hash, leastBytes)
  if (wrong) throw new ApiMisuseError('ERR_TLS_INVALID_ARGUMENT', `a pre-shared key ${wrong}`)
  const bytes = asBytes(key)
  if (bytes.byteLength > capacity) {
    throw new ApiMisuseError('ERR_TLS_INVALID_ARGUMENT', `this pre-shared key may have ${capacity} bytes at most`)
  }
  memory.copyIn(bytes, to)
  return bytes.byteLength | (hash === 'SHA-384' ? LSW_PSK_SHA384 : 0)
}

/** A shorter pre-shared key can be guessed from one handshake (RFC 9257 §4.2). */
export const LEAST_PSK_BYTES = 16

/** What is wrong with a pre-shared key, if anything is. */
export function wrongPskKey(key: unknown, hash: unknown, leastBytes = LEAST_PSK_BYTES): string | undefined {
  if (!isBytesLike(key) || key.byteLength < leastBytes || key.byteLength > PSK_MAX_PSK_LEN) {
    return `must have a key of ${leastBytes} to ${PSK_MAX_PSK_LEN} bytes`
  }
  return hash === undefined || hash === 'SHA-256' || hash === 'SHA-384' ? undefined : "must have 'SHA-256' or 'SHA-384' for a hash"
}
