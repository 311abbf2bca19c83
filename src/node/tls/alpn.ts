// ALPN: the protocols that an application names, and a server's choice.

import { asBytes } from '../../base/bytes.js'
import { decodeAlpn } from '../../core/alpn.js'
import type { Ssl } from '../../core/ssl.js'
import { nodeError } from '../node-error.js'
import { Buffer } from '../platform/buffer.js'

export interface AlpnOptions {
  ALPNProtocols?: readonly string[] | NodeJS.ArrayBufferView | undefined
  ALPNCallback?: ((offer: { servername: string | false; protocols: string[] }) => string | undefined) | undefined
}

/** Puts `protocols` in the form of the wire (RFC 7301 §3.1) into `out.ALPNProtocols`. Bytes are in that form, and copied. */
export function convertALPNProtocols(protocols: unknown, out: { ALPNProtocols?: Buffer }): void {
  if (Array.isArray(protocols)) out.ALPNProtocols = encode(protocols)
  else if (ArrayBuffer.isView(protocols)) out.ALPNProtocols = Buffer.from(asBytes(protocols))
}

function encode(protocols: readonly unknown[]): Buffer {
  return Buffer.concat(protocols.flatMap((protocol, index) => {
    const name = Buffer.from(String(protocol))
    if (name.length > 255) {
      const message = `The byte length of the protocol at index ${index} exceeds the maximum length.`
      throw nodeError('ERR_OUT_OF_RANGE', `${message} It must be <= 255. Received ${name.length}`, {}, RangeError)
    }
    return [Buffer.from([name.length]), name]
  }))
}

/** What a client offers. */
export function offerAlpn(ssl: Ssl, { ALPNProtocols: wire }: { ALPNProtocols?: Buffer }): void {
  const protocols = wire ? decodeAlpn(wire).map(({ name }) => name) : []
  if (protocols.length > 0) ssl.setAlpnProtos(protocols)
}

/** What a server takes. Throws where both a list and a callback are given. */
export function selectAlpn(
  socket: object, ssl: Ssl, { ALPNProtocols: wire }: { ALPNProtocols?: Buffer }, callback: AlpnOptions['ALPNCallback'],
): void {
  if (callback) {
    ssl.setAlpnSelectCb((protocols) => {
      const chosen = callback.call(socket, { servername: ssl.getServername() ?? false, protocols: [...protocols] })
      if (chosen === undefined || protocols.includes(chosen)) return chosen
      const offered = `any of the client's offered protocols (${protocols.join(', ')})`
      const message = `ALPN callback returned a value (${String(chosen)}) that did not match ${offered}`
      throw nodeError('ERR_TLS_ALPN_CALLBACK_INVALID_RESULT', message, {}, TypeError)
    })
  } else if (wire?.length) {
    const own = decodeAlpn(wire).map(({ name }) => name)
    ssl.setAlpnSelectCb((protocols) => own.find((protocol) => protocols.includes(protocol)))
  }
}
