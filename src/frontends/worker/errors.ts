// Errors of the worker, on the page. A structured clone of an error keeps neither its class nor what the class adds: so it travels
// by the name of its class.

import {
  ApiMisuseError, CertificateError, DeadlineError, EchRejectedError, InternalError, PeerError, TlsError, TransportError,
  TruncationError,
} from '../../base/errors.js'
import { transportFailure } from '../../pump/transport.js'
import { decodeValue } from './values.js'

interface Words { readonly name: string; readonly message: string }

/** What can be posted. */
export type PostedError =
  | Words & { readonly kind: 'tls'; readonly stack: string | undefined; readonly fields: Fields; readonly cause?: PostedError }
  | Words & { readonly kind: 'dom' }
  | { readonly kind: 'other'; readonly value: unknown }
  | { readonly kind: 'call'; readonly call: number }

/** Errors that the worker cannot have. */
export interface OwnErrors {
  /** What the page's transport failed with. */
  transport?: { readonly error: unknown }
  /** What callbacks threw, by the number of the call. */
  readonly calls: Map<number, unknown>
}

/** What the classes of `base/errors.ts` have among them, beside message and cause. */
export type Fields = Readonly<Record<string, any>>

type ErrorClass = new (...given: any[]) => TlsError

// By the names that the classes give themselves: a minifier changes those that they were declared with.
const byName = (...classes: ErrorClass[]) => new Map(classes.map((one) => [(one.prototype as TlsError).name, one]))
const withCode = byName(PeerError, CertificateError, DeadlineError, ApiMisuseError, InternalError)
// (A RefusalError is thrown by the page's callbacks alone: it is among its own errors.)
const withoutCode = byName(EchRejectedError, TruncationError, TransportError)

function makeError(name: string, message: string, fields: Fields): TlsError {
  const Coded = withCode.get(name)
  return Coded ? new Coded(fields['code'], message, fields) : new (withoutCode.get(name)!)(message, fields)
}

/** The page's own errors take the place of what the worker made of them. */
function decodeError(posted: PostedError, own: OwnErrors): unknown {
  if (posted.kind === 'call') return own.calls.get(posted.call)
  if (posted.kind === 'dom') return new DOMException(posted.message, posted.name)
  if (posted.kind === 'other') return posted.value
  const ofTransport = posted.name === 'TransportError' && own.transport
  const cause = ofTransport ? ofTransport.error : posted.cause && decodeError(posted.cause, own)
  // The worker was given a clone, which does not show what it is.
  const message = ofTransport ? transportFailure(posted.message, cause).message : posted.message
  const error = makeError(posted.name, message, { ...decodeValue(posted.fields) as Fields, ...(posted.cause && { cause }) })
  if (posted.stack !== undefined) error.stack = posted.stack.replace(posted.message, () => message)
  return error
}

/** An error of a connection: one that is posted more than once is one on the other side. */
export interface NumberedError {
  readonly number: number
  readonly error: PostedError
}

/** Makes the decoder of one connection. */
export function errorDecoder(own: OwnErrors): (posted: NumberedError) => unknown {
  const known = new Map<number, unknown>()
  return ({ number, error }) => {
    if (!known.has(number)) known.set(number, decodeError(error, own))
    return known.get(number)
  }
}
