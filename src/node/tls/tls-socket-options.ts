// What a TLSSocket is made with, and what of that can be wrong.

import { demandType } from '../invalid-arguments.js'
import { nodeError } from '../node-error.js'
import { alpnList, type AlpnOptions } from './alpn.js'
import type { SniCallback } from './hello-answers.js'
import type { OnreadOptions } from '../onread.js'
import type { ClientPskCallback, ServerPskCallback } from './psk.js'
import type { SecureContext, SecureContextOptions } from './secure-context.js'

export interface TLSSocketOptions extends SecureContextOptions, AlpnOptions {
  allowHalfOpen?: boolean | undefined
  enableTrace?: boolean | undefined
  handshakeTimeout?: number | undefined
  highWaterMark?: number | undefined
  isServer?: boolean | undefined
  keepAlive?: boolean | undefined
  keepAliveInitialDelay?: number | undefined
  noDelay?: boolean | undefined
  onread?: OnreadOptions | undefined
  pauseOnConnect?: boolean | undefined
  pskCallback?: ClientPskCallback | ServerPskCallback | undefined
  pskIdentityHint?: string | undefined
  rejectUnauthorized?: boolean | undefined
  requestCert?: boolean | undefined
  requestOCSP?: boolean | undefined
  secureContext?: SecureContext | undefined
  server?: unknown
  session?: string | NodeJS.ArrayBufferView | undefined
  signal?: AbortSignal | undefined
  SNICallback?: SniCallback | undefined
}

export function checkSocketOptions(options: TLSSocketOptions): void {
  if (options.enableTrace != null) demandType(options.enableTrace, 'boolean', 'options.enableTrace')
  if (options.isServer) checkServerOptions(options)
  else if (options.pskCallback) demandType(options.pskCallback, 'function', 'options.pskCallback')
}

/** Those of a server's sockets, which tls.Server checks for all of them. */
export function checkServerOptions(options: TLSSocketOptions): void {
  const { ALPNCallback, ALPNProtocols, SNICallback, pskCallback, pskIdentityHint } = options
  if (SNICallback) demandType(SNICallback, 'function', 'options.SNICallback')
  if (pskCallback) demandType(pskCallback, 'function', 'options.pskCallback')
  if (pskIdentityHint) demandType(pskIdentityHint, 'string', 'options.pskIdentityHint')
  alpnList(ALPNProtocols)
  if (!ALPNCallback) return
  demandType(ALPNCallback, 'function', 'options.ALPNCallback')
  if (!ALPNProtocols) return
  const message = 'The ALPNCallback and ALPNProtocols TLS options are mutually exclusive'
  throw nodeError('ERR_TLS_ALPN_CALLBACK_WITH_PROTOCOLS', message, {}, TypeError)
}
