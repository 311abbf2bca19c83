// The SSL of a TLSSocket: what its options do to it before the handshake.

import { Ssl } from '../../core/ssl.js'
import { LSW_OCSP_UNCHECKED, SSL_VERIFY_FAIL_IF_NO_PEER_CERT, SSL_VERIFY_NONE, SSL_VERIFY_PEER } from '../../ffi/constants.gen.js'
import type { Decisions } from '../../pump/decisions.js'
import type { Buffer } from '../platform/buffer.js'
import { convertALPNProtocols, offerAlpn, selectAlpn } from './alpn.js'
import type { ContextHandle } from './context-handle.js'
import { HelloAnswers, type AskingSocket } from './hello-answers.js'
import { findPsk, offerPsk, type ClientPskCallback, type ServerPskCallback } from './psk.js'
import type { TLSSocketOptions } from './tls-socket-options.js'

/** An SSL that can be asked until its socket is destroyed, though the connection has ended. */
export class KeptSsl extends Ssl {
  override free(): void {}

  release(): void {
    super.free()
  }
}

interface SettingUp extends AskingSocket {
  readonly _tlsOptions: TLSSocketOptions
  /** What OpenSSL tells in the middle of a call: to be told on after it. */
  readonly onKeylog: (line: string) => void
  readonly onSession: (session: Uint8Array<ArrayBuffer>) => void
}

export function makeKeptSsl(socket: SettingUp, context: ContextHandle, decisions: Decisions): KeptSsl {
  const { isServer, requestCert } = socket._tlsOptions
  if (!isServer || requestCert) context.anchor()
  const ssl = new KeptSsl(context.sslCtx)
  try {
    ssl.setVerifyCb(() => 1) // judged when the handshake is done
    ssl.setKeylogCallback(socket.onKeylog)
    if (isServer) setUpServer(ssl, socket, decisions)
    else setUpClient(ssl, socket)
    return ssl
  } catch (error) {
    ssl.release()
    throw error
  }
}

function setUpServer(ssl: Ssl, socket: SettingUp, decisions: Decisions): void {
  const { requestCert, rejectUnauthorized, pskCallback, pskIdentityHint, ALPNCallback } = socket._tlsOptions
  const verifyMode = !requestCert ? SSL_VERIFY_NONE
    : SSL_VERIFY_PEER | (rejectUnauthorized === false ? 0 : SSL_VERIFY_FAIL_IF_NO_PEER_CERT)
  ssl.setAcceptState()
  ssl.setVerify(verifyMode)
  selectAlpn(socket, ssl, alpnOf(socket), ALPNCallback)
  if (pskCallback) findPsk(ssl, socket, pskCallback as ServerPskCallback, pskIdentityHint)
  new HelloAnswers(socket, ssl, decisions, verifyMode).install()
}

function setUpClient(ssl: Ssl, socket: SettingUp): void {
  const { requestOCSP, pskCallback } = socket._tlsOptions
  ssl.setConnectState()
  ssl.setVerify(SSL_VERIFY_NONE)
  offerAlpn(ssl, alpnOf(socket))
  if (pskCallback) offerPsk(ssl, pskCallback as ClientPskCallback)
  if (requestOCSP) ssl.requestOcsp(LSW_OCSP_UNCHECKED)
  ssl.setNewSessionCb((_, session) => socket.onSession(session))
}

function alpnOf(socket: SettingUp): { ALPNProtocols?: Buffer } {
  const alpn: { ALPNProtocols?: Buffer } = {}
  convertALPNProtocols(socket._tlsOptions.ALPNProtocols, alpn)
  return alpn
}
