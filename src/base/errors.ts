// Errors by who is at fault. Wanting to read or write, and a clean end, are values and never come through here.

import type { CertificateErrorCode } from './certificate-error-codes.js'
import type {
  ApiMisuseErrorCodes, DeadlineErrorCodes, InternalErrorCodes, PeerErrorCodes, RefusalErrorCodes, RelayErrorCodes, TransportErrorCodes,
  TruncationErrorCodes,
} from './error-codes.js'
import type { OpensslErrorCode } from './openssl-error-codes.js'
import { wordsOf } from './words-of.js'

export type { CertificateErrorCode, OpensslErrorCode }

/** One entry of OpenSSL's error queue, oldest first in {@link TlsError.opensslErrorStack}. */
export interface OpensslError {
  /** OpenSSL's packed code. */
  readonly packed: number
  /** For example `SSL routines`. */
  readonly library: string
  /** For example `wrong version number`. */
  readonly reason: string
  /** Library and reason as a name, for example `ERR_SSL_WRONG_VERSION_NUMBER`. */
  readonly code: OpensslErrorCode
  /** What OpenSSL adds, or `''`. */
  readonly data: string
}

/** A TLS alert (RFC 8446 §6). */
export interface Alert {
  /** Who sent it. */
  readonly from: 'peer' | 'us'
  /** `fatal` ends the connection; `warning` does not, or is a goodbye. */
  readonly level: 'warning' | 'fatal'
  /** The number of RFC 8446 §6, for example 48 for unknown_ca. */
  readonly description: number
}

/** What a subclass adds to a message and a code. */
export interface TlsErrorOptions {
  /** What this error comes from, for `Error.cause`. */
  readonly cause?: unknown
  /** OpenSSL's own errors, oldest first. Default: none. */
  readonly opensslErrorStack?: readonly OpensslError[] | undefined
}

/** The base of every error of this library. Tell them apart by `code`, never by message. docs/errors.md lists the codes. */
export abstract class TlsError<Code extends string = string> extends Error {
  /** What has happened: see docs/errors.md for each code. */
  readonly code: Code
  /** OpenSSL's own errors, oldest first; empty where OpenSSL was not asked. */
  readonly opensslErrorStack: readonly OpensslError[]

  constructor(code: Code, message: string, options: TlsErrorOptions = {}) {
    super(message, 'cause' in options ? { cause: options.cause } : undefined)
    this.code = code
    this.opensslErrorStack = options.opensslErrorStack ?? []
  }

  // Written out in each class: a minifier renames classes, and an error's name is for people.
  /** The name of the class, for people: it stays when code is minified. */
  override get name(): string { return 'TlsError' }

  /** What is told of it, as plain values: JSON has no errors. */
  toJSON(): Record<string, unknown> {
    const { name, message, cause, ...fields } = this
    return { name, message, ...fields, ...('cause' in this && { cause: cause instanceof TlsError ? cause : String(cause) }) }
  }
}

/**
 * Sets a field that consoles do not show: they print bytes in full, and of an uncaught error's parts neither Node nor Bun asks how
 * they want to be shown. The message says what is in it.
 */
function hide<T extends TlsError, Name extends keyof T>(error: T, name: Name, value: T[Name]): void {
  Object.defineProperty(error, name, { value, configurable: true, writable: true })
}

/** Any code of {@link PeerError}: one of this library's, or OpenSSL's own reason. */
export type PeerErrorCode = keyof PeerErrorCodes | OpensslErrorCode

/** The peer broke the protocol, or refused ours: `alert` says which, if one was sent or received. */
export class PeerError extends TlsError<PeerErrorCode> {
  override get name(): string { return 'PeerError' }

  /** The alert that the peer sent, or that told the peer; `undefined` if there was none. */
  readonly alert: Alert | undefined

  constructor(code: PeerErrorCode, message: string, options: TlsErrorOptions & { alert?: Alert | undefined } = {}) {
    super(code, message, options)
    this.alert = options.alert
  }
}

/** The server did not read our encrypted ClientHello. It was told no more than what the outside world may see. */
export class EchRejectedError extends PeerError {
  override get name(): string { return 'EchRejectedError' }

  /**
   * Whether the server has shown a certificate for the public name. If not (verification was skipped), anyone may have
   * answered, and nothing follows from the rejection.
   */
  readonly publicNameVerified: boolean
  /**
   * The list that the server offers instead: `ech: { configList: error.retryConfigList }`, once. `undefined` from a
   * verified server: it has switched ECH off, and RFC 9849 §6.1.6 allows to go on without it.
   */
  declare readonly retryConfigList: Uint8Array | undefined

  constructor(
    message: string,
    options: TlsErrorOptions & { alert?: Alert | undefined; publicNameVerified: boolean; retryConfigList: Uint8Array | undefined },
  ) {
    super('ERR_TLS_ECH_REJECTED', message, options)
    this.publicNameVerified = options.publicNameVerified
    hide(this, 'retryConfigList', options.retryConfigList)
  }
}

/** The peer is not who it should be. */
export class CertificateError<Certificate = unknown> extends TlsError<CertificateErrorCode> {
  override get name(): string { return 'CertificateError' }

  /**
   * OpenSSL's X509_V_ERR_… number. `code` is its name without that prefix, or `ERR_TLS_CERT_ALTNAME_INVALID` for a name or an
   * address that does not match, as in Node.
   */
  readonly verifyCode: number
  /** 0 is the peer's own certificate, 1 its issuer, and so on; -1 if no certificate is to blame. */
  readonly depth: number
  /** The certificate that failed, if there was one. Consoles do not show it: print it by itself. */
  declare readonly certificate: Certificate | undefined
  /** The alert that told the peer. */
  readonly alert: Alert | undefined

  constructor(
    code: CertificateErrorCode,
    message: string,
    options: TlsErrorOptions & { verifyCode: number; depth: number; certificate?: Certificate | undefined; alert?: Alert | undefined },
  ) {
    super(code, message, options)
    this.verifyCode = options.verifyCode
    this.depth = options.depth
    hide(this, 'certificate', options.certificate)
    this.alert = options.alert
  }

  override toJSON(): Record<string, unknown> {
    return { ...super.toJSON(), certificate: this.certificate }
  }
}

/** The stream ended without close_notify: an attacker may have cut it (RFC 8446 §6.1). */
export class TruncationError extends TlsError<keyof TruncationErrorCodes> {
  override get name(): string { return 'TruncationError' }

  constructor(message: string, options?: TlsErrorOptions) {
    super('ERR_TLS_UNEXPECTED_EOF', message, options)
  }
}

/** A relay did not connect us to the target, and said why (docs/credit-window.md; in Wisp by its close reasons). */
export type RelayErrorCode = keyof RelayErrorCodes

/** Any code of {@link TransportError}. */
export type TransportErrorCode = keyof TransportErrorCodes | RelayErrorCode

/**
 * The byte pipe beneath failed; `cause` is its own error, whose words the message holds. `code` is `ERR_TLS_TRANSPORT`, or what a
 * relay said.
 */
export class TransportError extends TlsError<TransportErrorCode> {
  override get name(): string { return 'TransportError' }

  constructor(message: string, options: TlsErrorOptions & { readonly code?: TransportErrorCode | undefined } = {}) {
    const { cause, code = 'ERR_TLS_TRANSPORT' } = options
    const words = wordsOf(cause)
    super(relayCodeOf(cause) ?? code, message.includes(words) ? message : `${message}: ${words}`, options)
  }
}

function relayCodeOf(cause: unknown): RelayErrorCode | undefined {
  const { code } = (cause ?? {}) as { readonly code?: unknown }
  return typeof code === 'string' && code.startsWith('ERR_TLS_RELAY_') ? code as RelayErrorCode : undefined
}

/** Alerts a callback may refuse the peer with: RFC 8446 §6.2. */
export type RefusalAlert = 'handshake_failure' | 'access_denied' | 'internal_error' | 'unrecognized_name' | 'no_application_protocol'

const refusalAlerts: Readonly<Record<RefusalAlert, number>> = {
  handshake_failure: 40, access_denied: 49, internal_error: 80, unrecognized_name: 112, no_application_protocol: 120,
}

/**
 * Throw this from a callback of the handshake to refuse the peer with `alert`. The connection ends with this error.
 * Thrown elsewhere, or given to `abort()`, it is an error like others, and no alert need have been sent.
 */
export class RefusalError extends TlsError<keyof RefusalErrorCodes> {
  override get name(): string { return 'RefusalError' }

  /** The alert that the peer is sent. */
  readonly alert: Alert
  /** Its name, as it was given. */
  readonly alertName: RefusalAlert

  constructor(alert: RefusalAlert, message = `the peer was refused: ${alert}`, options?: TlsErrorOptions) {
    super('ERR_TLS_REFUSED', message, options)
    this.alertName = alert
    if (!Object.hasOwn(refusalAlerts, alert)) {
      const known = Object.keys(refusalAlerts).join(', ')
      throw new ApiMisuseError('ERR_TLS_INVALID_ARGUMENT', `RefusalError: there is no alert '${alert}'; there are ${known}`)
    }
    this.alert = { from: 'us', level: 'fatal', description: refusalAlerts[alert] }
  }
}

/** A time limit of ours passed. */
export class DeadlineError extends TlsError<keyof DeadlineErrorCodes> {
  override get name(): string { return 'DeadlineError' }
}

/** Any code of {@link ApiMisuseError}: one of this library's, or OpenSSL's own reason. */
export type ApiMisuseCode = keyof ApiMisuseErrorCodes | OpensslErrorCode

/** The caller is at fault; `option` names the option to put right, if it is one. */
export class ApiMisuseError extends TlsError<ApiMisuseCode> {
  override get name(): string { return 'ApiMisuseError' }

  /** The option to put right; `undefined` if the fault is no option's. */
  readonly option: string | undefined

  constructor(code: ApiMisuseCode, message: string, options: TlsErrorOptions & { option?: string | undefined } = {}) {
    super(code, message, options)
    this.option = options.option
  }
}

/**
 * We are at fault, or the platform: memory ran out, or WebAssembly trapped. `ERR_TLS_WASM_ABORT` ends the instance: each of its
 * connections breaks with it, and each later call of its objects throws it. Load another.
 */
export class InternalError extends TlsError<keyof InternalErrorCodes> {
  override get name(): string { return 'InternalError' }
}
