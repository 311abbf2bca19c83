// ALPN: the protocols that an application names, and a server's choice.

import { asBytes } from '../../base/bytes.js'
import { decodeAlpn } from '../../core/alpn.js'
import type { Ssl } from '../../core/ssl.js'
import { demandType, invalidArgType, invalidArgValue } from '../invalid-arguments.js'
import { nodeError } from '../node-error.js'
import { isNodeBefore } from '../node-version.js'
import { Buffer } from '../platform/buffer.js'

export interface AlpnOptions {
  ALPNProtocols?: readonly string[] | NodeJS.ArrayBufferView | undefined
  ALPNCallback?: ((offer: { servername: string | false; protocols: string[] }) => string | undefined) | undefined
}

/** A socket in the middle of its handshake. */
export interface RunsCallbacks {
  /** Runs a callback of the application's. What it throws ends the connection, and the peer is told nothing. */
  _runCallback<T>(callback: () => T): T | undefined
}

/**
 * Puts `protocols` in the form of the wire (RFC 7301 §3.1) into `out.ALPNProtocols`. Bytes are in that form, and copied. Throws
 * `ERR_OUT_OF_RANGE` for a name of more than 255 bytes, and, as Node does since version 24, `ERR_INVALID_ARG_VALUE` for an empty name, or
 * for bytes that are no list.
 */
export function convertALPNProtocols(protocols: unknown, out: { ALPNProtocols?: Buffer }): void {
  const wire = wireOf(protocols)
  if (!wire) return
  if (!isNodeBefore(24)) namesOf(wire)
  out.ALPNProtocols = wire
}

function wireOf(protocols: unknown): Buffer | undefined {
  if (Array.isArray(protocols)) return encode(protocols)
  return ArrayBuffer.isView(protocols) ? Buffer.from(asBytes(protocols)) : undefined
}

function namesOf(wire: Buffer): string[] {
  try {
    return decodeAlpn(wire).map(({ name }) => name)
  } catch (cause) {
    throw Object.assign(invalidArgValue('options.ALPNProtocols', wire, 'is no list of names of 1 to 255 bytes'), { cause })
  }
}

function encode(protocols: readonly unknown[]): Buffer {
  return Buffer.concat(protocols.flatMap((protocol, index) => {
    demandType(protocol, 'string', `protocols[${index}]`)
    const name = Buffer.from(protocol as string)
    if (name.length > 255) {
      const message = `The byte length of the protocol at index ${index} exceeds the maximum length.`
      throw nodeError('ERR_OUT_OF_RANGE', `${message} It must be <= 255. Received ${name.length}`, {}, RangeError)
    }
    return [Buffer.from([name.length]), name]
  }))
}

/** The names of the option. Throws `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`, or `ERR_OUT_OF_RANGE`. */
export function alpnList(protocols: unknown): readonly string[] {
  if (!protocols) return []
  const wire = wireOf(protocols)
  if (wire) return namesOf(wire)
  throw invalidArgType('options.ALPNProtocols', 'an Array or an instance of Buffer, TypedArray, or DataView', protocols)
}

/** What a client offers. */
export function offerAlpn(ssl: Ssl, protocols: readonly string[]): void {
  if (protocols.length > 0) ssl.setAlpnProtos(protocols)
}

/** What a server takes. */
export function selectAlpn(ssl: Ssl, own: readonly string[]): void {
  if (own.length > 0) ssl.setAlpnSelectCb((protocols) => own.find((protocol) => protocols.includes(protocol)))
}

/** Has the application choose. */
export function askAlpn(socket: RunsCallbacks, ssl: Ssl, callback: NonNullable<AlpnOptions['ALPNCallback']>): void {
  ssl.setAlpnSelectCb((protocols) => socket._runCallback(() => {
    const chosen = callback.call(socket, { servername: ssl.getServername() ?? false, protocols: [...protocols] })
    if (chosen === undefined || protocols.includes(chosen)) return chosen
    const offered = `any of the client's offered protocols (${protocols.join(', ')})`
    const message = `ALPN callback returned a value (${String(chosen)}) that did not match ${offered}`
    throw nodeError('ERR_TLS_ALPN_CALLBACK_INVALID_RESULT', message, {}, TypeError)
  }))
}
