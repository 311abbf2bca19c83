// The SSL of a TLSSocket: what its options do to it before the handshake.

import type { IoResult } from '../../core/io-result.js'
import { Ssl } from '../../core/ssl.js'
import { LSW_OCSP_UNCHECKED, SSL_VERIFY_FAIL_IF_NO_PEER_CERT, SSL_VERIFY_NONE, SSL_VERIFY_PEER } from '../../ffi/constants.gen.js'
import type { Decisions } from '../../pump/decisions.js'
import { alpnList, askAlpn, offerAlpn, selectAlpn, type RunsCallbacks } from './alpn.js'
import type { ContextHandle } from './context-handle.js'
import { HelloAnswers, type AskingSocket } from './hello-answers.js'
import { findPsk, offerPsk, type ClientPskCallback, type ServerPskCallback } from './psk.js'
import type { TLSSocketOptions } from './tls-socket-options.js'

/** An SSL that can be asked until its socket is destroyed, though the connection has ended. */
export class KeptSsl extends Ssl {
  /** The sizes of the records that the last read has returned. */
  recordBytes: readonly number[] = []

  override free(): void {
    this.onAbort = undefined
  }

  /** @internal */
  override readAvailable(limit: number, after: (result: IoResult) => boolean, into?: Uint8Array): Uint8Array {
    const sizes: number[] = this.recordBytes = []
    return super.readAvailable(limit, (result) => {
      if (result.ret > 0) sizes.push(result.ret)
      return after(result)
    }, into)
  }

  release(): void {
    super.free()
  }
}

interface SettingUp extends AskingSocket, RunsCallbacks {
  readonly _tlsOptions: TLSSocketOptions
  /** Called by OpenSSL in the middle of a call: pass it on when that call has returned. */
  readonly _onKeylog: (line: string) => void
  readonly _onSession: (session: Uint8Array<ArrayBuffer>) => void
  _nameSession(): void
}

export function makeKeptSsl(socket: SettingUp, context: ContextHandle, decisions: Decisions): KeptSsl {
  const { isServer, requestCert } = socket._tlsOptions
  if (!isServer || requestCert) context.anchor()
  const ssl = new KeptSsl(context.sslCtx)
  try {
    ssl.setKeylogCallback(socket._onKeylog)
    if (isServer) setUpServer(ssl, socket, context, decisions)
    else setUpClient(ssl, socket)
    return ssl
  } catch (error) {
    ssl.release()
    throw error
  }
}

function setUpServer(ssl: Ssl, socket: SettingUp, context: ContextHandle, decisions: Decisions): void {
  const { requestCert, rejectUnauthorized, pskCallback, pskIdentityHint, ALPNCallback, ALPNProtocols } = socket._tlsOptions
  const verifyMode = !requestCert ? SSL_VERIFY_NONE
    : SSL_VERIFY_PEER | (rejectUnauthorized === false ? 0 : SSL_VERIFY_FAIL_IF_NO_PEER_CERT)
  ssl.setAcceptState()
  ssl.setVerifyCb(() => 1) // judged when the handshake is done
  ssl.setVerify(verifyMode)
  if (ALPNCallback) askAlpn(socket, ssl, ALPNCallback)
  else selectAlpn(ssl, alpnList(ALPNProtocols))
  if (pskCallback) findPsk(ssl, socket, pskCallback as ServerPskCallback, pskIdentityHint)
  new HelloAnswers(socket, ssl, context, decisions, verifyMode).install()
}

function setUpClient(ssl: Ssl, socket: SettingUp): void {
  const { requestOCSP, pskCallback, ALPNProtocols } = socket._tlsOptions
  ssl.setConnectState()
  ssl.setVerifyCb((_, depth) => {
    if (depth === 0) socket._nameSession()
    return 1 // judged when the handshake is done
  })
  ssl.setVerify(SSL_VERIFY_NONE)
  offerAlpn(ssl, alpnList(ALPNProtocols))
  if (pskCallback) offerPsk(ssl, socket, pskCallback as ClientPskCallback)
  if (requestOCSP) ssl.requestOcsp(LSW_OCSP_UNCHECKED)
  ssl.setNewSessionCb((_, session) => socket._onSession(session))
}
