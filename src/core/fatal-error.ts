// From a failed I/O call to the one error that says whose fault it was.

import {
  CertificateError, EchRejectedError, InternalError, PeerError, TransportError, TruncationError, type OpensslError, type TlsError,
} from '../base/errors.js'
import {
  ERR_LIB_SSL, SSL_AD_CLOSE_NOTIFY, SSL_AD_ECH_REQUIRED, SSL_ERROR_SYSCALL, SSL_ERROR_ZERO_RETURN, SSL_R_CERTIFICATE_VERIFY_FAILED,
  SSL_R_ECH_REQUIRED, SSL_R_INVALID_STATUS_RESPONSE, SSL_R_UNEXPECTED_EOF_WHILE_READING, X509_V_ERR_UNSUPPORTED_SIGNATURE_ALGORITHM,
  X509_V_OK,
} from '../ffi/constants.gen.js'
import * as C from '../ffi/functions.gen.js'
import type { BasicSsl } from './basic-ssl.js'
import { certificateCode } from './certificate-code.js'
import { certificateRefusal } from './certificate-refusal.js'
import { describe, mostTelling } from './err-queue.js'
import { foreignProtocol } from './first-bytes.js'
import { certificateAdvice, handshakeAdvice } from './handshake-advice.js'
import { sslErrorName, type IoResult } from './io-result.js'
import type { X509 } from './x509.js'

/**
 * The error for a connection's last result, which was neither success, nor a wish to read or write, nor a clean end. In a
 * handshake there is no clean end: close_notify is `ERR_TLS_HANDSHAKE_CLOSED`.
 */
export function fatalError(ssl: BasicSsl, result: IoResult): TlsError {
  const { ffi } = ssl.lib
  const opensslErrorStack = ssl.opensslErrors
  const alert = ssl.getAlert()
  const foreign = ssl.isInitFinished() ? undefined : ssl.foreignBytes
  const truncated = () => new TruncationError(foreign ? foreignProtocol(foreign, ssl.isServer()) : cutOff(ssl), { opensslErrorStack })
  if (result.error === SSL_ERROR_ZERO_RETURN && !ssl.isInitFinished()) {
    // Without the alert it was a cut, which OpenSSL takes for an end by SSL_OP_IGNORE_UNEXPECTED_EOF.
    if (alert?.from !== 'peer' || alert.description !== SSL_AD_CLOSE_NOTIFY) return truncated()
    return new PeerError('ERR_TLS_HANDSHAKE_CLOSED', 'the peer said goodbye in the middle of the handshake', { alert })
  }
  const has = (reason: number) => opensslErrorStack.some(({ packed }) =>
    ffi[C.ERR_GET_LIB](packed) === ERR_LIB_SSL && ffi[C.ERR_GET_REASON](packed) === reason)

  if (has(SSL_R_UNEXPECTED_EOF_WHILE_READING)) return truncated()
  if ((has(SSL_R_CERTIFICATE_VERIFY_FAILED) || has(SSL_R_INVALID_STATUS_RESPONSE)) && ssl.getVerifyResult() !== X509_V_OK) {
    return certificateError(ssl, { alert, opensslErrorStack })
  }
  // OpenSSL has the same reason for other things; this alert it sends for this one, when the server has proved itself.
  if (has(SSL_R_ECH_REQUIRED) && alert?.from === 'us' && alert.description === SSL_AD_ECH_REQUIRED) {
    return echRejected(ssl, { alert, opensslErrorStack })
  }
  // SYSCALL is the BIO's fault; OpenSSL would add errno, which is never set here.
  if (result.error === SSL_ERROR_SYSCALL) return new TransportError('the BIO beneath the connection failed', { opensslErrorStack })
  const entry = mostTelling(opensslErrorStack)
  if (entry) {
    const advice = foreign?.byteLength ? foreignProtocol(foreign, ssl.isServer()) : handshakeAdvice(ssl, entry.code)
    return new PeerError(entry.code, describe(opensslErrorStack) + (advice ? `: ${advice}` : ''), { alert, opensslErrorStack })
  }
  return new InternalError('ERR_TLS_INTERNAL', `unexpected ${sslErrorName(result.error)} (returned ${result.ret})`)
}

/** Of a verification that has failed, whether or not the handshake went on. */
export function certificateError(ssl: BasicSsl, options: Pick<CertificateError, 'alert' | 'opensslErrorStack'>): CertificateError<X509> {
  const verifyCode = ssl.getVerifyResult()
  const { depth, certificate } = ssl.getVerifyFailure()
  const code = certificateCode(verifyCode)
  const unreadable = verifyCode === X509_V_ERR_UNSUPPORTED_SIGNATURE_ALGORITHM
  const words = unreadable ? unreadableKey(options.opensslErrorStack) : ssl.verifyCertErrorString()
  const message = certificateRefusal(ssl, code, words, depth, certificate)
  return new CertificateError(code, message, { ...options, verifyCode, depth, certificate })
}

/** What `wasm/shim/verify.c` means by this result. OpenSSL's queue has the curve or the algorithm. */
function unreadableKey(errors: readonly OpensslError[]): string {
  const leftOut = errors.find(({ reason }) => reason === 'unsupported')
  return leftOut ? `its key is ${describe([leftOut])}` : 'its key cannot be read'
}

/** Some servers hang up instead of sending an alert; to a client of TLS 1.3 that looks like the end of an open connection. */
function cutOff(ssl: BasicSsl): string {
  const finished = ssl.isServer() ? ssl.getPeerFinished() : ssl.getFinished()
  const open = ssl.isInitFinished() || (ssl.getVersion() === 'TLSv1.3' && finished !== undefined) // and then in the middle of a ticket
  const ended = `the stream ended ${open ? 'without close_notify' : 'in the middle of the handshake'}`
  if (ssl.hasRead) return ended
  const why = certificateAdvice(ssl)
    ?? (open || ssl.isServer() ? undefined : 'the server, or something before it, hung up and did not say why')
  return why === undefined ? ended : `${ended}: ${why}`
}

/** The failure of a transport beneath `ssl`. Many servers break the connection instead of refusing a client's certificate by an alert. */
export function transportError(ssl: BasicSsl, error: TransportError): TransportError {
  const why = ssl.hasRead ? undefined : certificateAdvice(ssl)
  if (why === undefined) return error
  const { message, cause, code } = error
  return new TransportError(`${message}; ${why}`, { cause, code })
}

/** RFC 9849 §6.1.6: a server's configurations count only if it has proved to be the public name's. */
function echRejected(ssl: BasicSsl, options: Pick<PeerError, 'alert' | 'opensslErrorStack'>): EchRejectedError {
  const publicNameVerified = ssl.getVerifyResult() === X509_V_OK && ssl.getPeerCertificate() !== undefined
  const retryConfigList = publicNameVerified ? ssl.echGet1RetryConfig() : undefined
  const next = !publicNameVerified ? 'and showed no valid certificate for the public name'
    : retryConfigList ? 'and gave other configurations to try' : 'and has switched ECH off'
  return new EchRejectedError(`the server rejected Encrypted Client Hello, ${next}`, { ...options, publicNameVerified, retryConfigList })
}
