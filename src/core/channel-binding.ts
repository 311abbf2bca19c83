// What an authentication within a connection names, so that it cannot be relayed to another connection.

import { ApiMisuseError } from '../base/errors.js'
import type { BasicSsl } from './basic-ssl.js'
import { demand } from './setters.js'

/** Names of channel bindings: RFC 9266, RFC 5929 §4, RFC 5929 §3. */
export type ChannelBindingType = 'tls-exporter' | 'tls-server-end-point' | 'tls-unique'

const bindings: Readonly<Record<ChannelBindingType, (ssl: BasicSsl) => Uint8Array<ArrayBuffer> | undefined>> = {
  // RFC 9266 §2: this label, a context of zero bytes, 32 bytes.
  'tls-exporter': (ssl) => ssl.exportKeyingMaterial(32, 'EXPORTER-Channel-Binding', new Uint8Array()),
  'tls-server-end-point': (ssl) => ssl.getServerEndPoint(),
  'tls-unique': (ssl) => ssl.getFirstFinished(),
}

/**
 * The channel binding of an open connection, the same bytes at both ends. Throws `ERR_TLS_INVALID_STATE` if the connection has
 * none of this type, or none that is unique: under TLS 1.2 `tls-unique` and `tls-exporter` need the extended master secret
 * (RFC 7627 §6.4, RFC 9266 §4.2). @spec RFC 9266, RFC 5929 §3, §4
 */
export function channelBinding(ssl: BasicSsl, type: ChannelBindingType): Uint8Array<ArrayBuffer> {
  demand(Object.hasOwn(bindings, type), `the type of a channel binding is one of ${Object.keys(bindings).join(', ')}`)
  const isTls13 = ssl.getVersion() === 'TLSv1.3'
  if (type === 'tls-unique' && isTls13) throw wrongState('tls-unique is not defined under TLS 1.3 (RFC 8446 §C.5): use tls-exporter')
  if (type !== 'tls-server-end-point' && !isTls13 && !ssl.getExtmsSupport()) {
    throw wrongState(`${type} is not unique without the extended master secret, which the peer does not have`)
  }
  const binding = bindings[type](ssl)
  if (!binding) throw wrongState(`this connection has no ${type}`)
  return binding
}

function wrongState(message: string): ApiMisuseError {
  return new ApiMisuseError('ERR_TLS_INVALID_STATE', message)
}
