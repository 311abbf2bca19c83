// C calls JavaScript: what C passes becomes values, and what callbacks answer becomes numbers.

import { ApiMisuseError } from '../base/errors.js'
import { asRefusal } from '../base/realms.js'
import { asBytes, isBytesLike, utf8, type BytesLike } from '../base/bytes.js'
import {
  LSW_BIO_ACCEPT, LSW_BIO_CONNECT, LSW_BIO_FAILED, LSW_BIO_WOULD_BLOCK, LSW_PSK_SHA384, LSW_REFUSE_WITH, PSK_MAX_PSK_LEN, SSL_CLIENT_HELLO_ERROR, SSL_CLIENT_HELLO_RETRY, SSL_CLIENT_HELLO_SUCCESS,
} from './constants.gen.js'
import { Border } from './border.js'
import type { JsCallbacks } from './ffi.gen.js'
import { HandleTable } from './handles.js'
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

/** What OpenSSL saw go by, as SSL_set_msg_callback(3) has it. */
export interface ProtocolMessage {
  /** By us; else received. */
  readonly sent: boolean
  /** The protocol's number, for example 0x0304; of a record header, what stands in it. */
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

export interface ConnectionCallbacks {
  pskClient?: ((hint: string | undefined) => PskIdentityKey | undefined) | undefined
  pskServer?: ((identity: string) => PskKey | undefined) | undefined
  cert?: (() => CallbackVerdict) | undefined
  clientHello?: (() => CallbackVerdict) | undefined
  /** Names with their lengths, as they came. The offset of the one to take, or -1. */
  alpn?: ((protos: Uint8Array<ArrayBuffer>) => number) | undefined
  verify?: ((preverifyOk: boolean, depth: number, verifyCode: number) => CallbackVerdict) | undefined
  /** A whole chain, with OpenSSL's verdict. */
  chain?: ((preverifyOk: boolean, verifyCode: number) => CallbackVerdict) | undefined
  /** Whether there is a response for the client. */
  status?: (() => boolean) | undefined
  msg?: ((message: ProtocolMessage) => void) | undefined
  info?: ((where: number) => void) | undefined
  keylog?: ((line: string) => void) | undefined
  /** A session to keep: its id, and itself as ASN.1; copies. */
  newSession?: ((id: Uint8Array<ArrayBuffer>, bytes: Uint8Array<ArrayBuffer>) => void) | undefined
  /** The session of this id, as ASN.1; it is copied. */
  getSession?: ((id: Uint8Array<ArrayBuffer>) => Uint8Array | undefined) | undefined
}

/** A callback that decides has failed: by `otherwise`, unless a `RefusalError` says with which alert. */
const refusing = (otherwise: number) => (thrown: unknown): number => {
  const refusal = asRefusal(thrown)
  return refusal ? LSW_REFUSE_WITH - refusal.alert.description : otherwise
}

const clientHelloVerdict = { 1: SSL_CLIENT_HELLO_SUCCESS, 0: SSL_CLIENT_HELLO_ERROR, [-1]: SSL_CLIENT_HELLO_RETRY } as const

export class CallbackBorder extends Border implements JsCallbacks {
  readonly bios = new HandleTable<BioCallbacks>()
  readonly connections = new HandleTable<ConnectionCallbacks>()
  readonly #memory: () => Memory

  /** @param memory asked for at call time: it is made after this object. */
  constructor(memory: () => Memory) {
    super()
    this.#memory = memory
  }

  bioRead(handle: number, buf: number, length: number): number {
    return this.callback(LSW_BIO_FAILED, () => {
      // A buffer of JavaScript's own: the callback may do anything, also make memory grow.
      const buffer = new Uint8Array(length)
      const count = answerToC(this.#bio(handle).read(buffer), length)
      if (count > 0) this.#memory().copyIn(buffer.subarray(0, count), buf)
      return count
    })
  }

  bioWrite(handle: number, buf: number, length: number): number {
    return this.callback(LSW_BIO_FAILED, () => {
      return answerToC(this.#bio(handle).write(this.#memory().copyOut(buf, length)), length)
    })
  }

  certCb(handle: number): number {
    return this.callback(refusing(0), () => this.connections.get(handle)?.cert?.() ?? 1)
  }

  clientHelloCb(handle: number): number {
    return this.callback(refusing(SSL_CLIENT_HELLO_ERROR), () => clientHelloVerdict[this.connections.get(handle)?.clientHello?.() ?? 1])
  }

  alpnCb(handle: number, protos: number, length: number): number {
    return this.callback(refusing(-1), () => this.connections.get(handle)?.alpn?.(this.#memory().copyOut(protos, length)) ?? -1)
  }

  verifyCb(handle: number, preverifyOk: number, depth: number, error: number): number {
    return this.callback(refusing(0), () => this.connections.get(handle)?.verify?.(preverifyOk === 1, depth, error) ?? (preverifyOk === 1 ? 1 : 0))
  }

  chainCb(handle: number, preverifyOk: number, error: number): number {
    return this.callback(refusing(0), () => this.connections.get(handle)?.chain?.(preverifyOk === 1, error) ?? preverifyOk)
  }

  statusCb(handle: number): number {
    return this.callback(refusing(-1), () => (this.connections.get(handle)?.status?.() ? 1 : 0))
  }

  msgCb(handle: number, sent: number, version: number, contentType: number, buf: number, length: number): void {
    this.callback(undefined, () => {
      this.connections.get(handle)?.msg?.({ sent: sent === 1, version, contentType, bytes: this.#memory().copyOut(buf, length) })
    })
  }

  infoCb(handle: number, where: number): void {
    this.callback(undefined, () => this.connections.get(handle)?.info?.(where))
  }

  keylogCb(handle: number, line: number): void {
    this.callback(undefined, () => this.connections.get(handle)?.keylog?.(this.#memory().readCString(line)))
  }

  newSessionCb(handle: number, id: number, idLength: number, bytes: number, length: number): void {
    this.callback(undefined, () => {
      this.connections.get(handle)?.newSession?.(this.#memory().copyOut(id, idLength), this.#memory().copyOut(bytes, length))
    })
  }

  getSessionCb(handle: number, id: number, idLength: number, bytes: number): number {
    return this.callback<number>(0, () => {
      const session = this.connections.get(handle)?.getSession?.(this.#memory().copyOut(id, idLength))
      if (session === undefined || session.byteLength === 0) return 0
      const memory = this.#memory()
      const copy = memory.alloc(session.byteLength)
      memory.copyIn(session, copy)
      memory.writePtr(bytes, copy)
      return session.byteLength
    })
  }

  pskClientCb(handle: number, hint: number, identity: number, identityCapacity: number, key: number, keyCapacity: number): number {
    return this.callback(refusing(-1), () => {
      const psk = this.connections.get(handle)?.pskClient?.(hint === 0 ? undefined : this.#memory().readCString(hint))
      if (psk === undefined) return 0
      const name = utf8(String(psk.identity))
      if (name.byteLength < 1 || name.byteLength >= identityCapacity || name.byteLength > 255 || name.includes(0)) throw new ApiMisuseError('ERR_TLS_INVALID_ARGUMENT', 'the identity of a pre-shared key has 1 to 255 bytes, and no NUL')
      this.#memory().copyIn(Uint8Array.of(...name, 0), identity)
      return this.#giveKey(psk, key, keyCapacity)
    })
  }

  pskServerCb(handle: number, identity: number, length: number, key: number, keyCapacity: number): number {
    return this.callback(refusing(-1), () => {
      const psk = this.connections.get(handle)?.pskServer?.(new TextDecoder().decode(this.#memory().copyOut(identity, length)))
      return psk === undefined ? 0 : this.#giveKey(psk, key, keyCapacity)
    })
  }

  #giveKey({ key, hash = 'SHA-256' }: PskKey, to: number, capacity: number): number {
    const wrong = wrongPskKey(key, hash)
    if (wrong) throw new ApiMisuseError('ERR_TLS_INVALID_ARGUMENT', `a pre-shared key ${wrong}`)
    const bytes = asBytes(key)
    if (bytes.byteLength > capacity) throw new ApiMisuseError('ERR_TLS_INVALID_ARGUMENT', `this pre-shared key may have ${capacity} bytes at most`)
    this.#memory().copyIn(bytes, to)
    return bytes.byteLength | (hash === 'SHA-384' ? LSW_PSK_SHA384 : 0)
  }

  #bio(handle: number): BioCallbacks {
    const callbacks = this.bios.get(handle)
    if (!callbacks) throw new ApiMisuseError('ERR_TLS_DISPOSED', 'the BioCallback beneath this connection was freed')
    return callbacks
  }
}

/** What is wrong with a pre-shared key, if anything is. Shorter ones can be guessed from one handshake (RFC 9257 §4.2). */
export function wrongPskKey(key: unknown, hash: unknown): string | undefined {
  if (!isBytesLike(key) || key.byteLength < 16 || key.byteLength > PSK_MAX_PSK_LEN) return `must have a key of 16 to ${PSK_MAX_PSK_LEN} bytes`
  return hash === undefined || hash === 'SHA-256' || hash === 'SHA-384' ? undefined : "must have 'SHA-256' or 'SHA-384' for a hash"
}

const waits = { 'would block': LSW_BIO_WOULD_BLOCK, 'want connect': LSW_BIO_CONNECT, 'want accept': LSW_BIO_ACCEPT } as const

function answerToC(answer: BioAnswer, length: number): number {
  if (typeof answer === 'string' && Object.hasOwn(waits, answer)) return waits[answer]
  if (Number.isInteger(answer) && (answer as number) >= 0 && (answer as number) <= length) return answer as number
  throw new RangeError(`a BIO callback answered ${String(answer)}; it may answer 0 to ${length}, or 'would block'`)
}
