// Errors on their way between a page and its worker. A structured clone of an error keeps neither its class nor what
// the class adds: so it travels by the name of its class.

import {
  ApiMisuseError, CertificateError, DeadlineError, EchRejectedError, InternalError, PeerError, RefusalError, TlsError, TransportError,
  TruncationError,
} from '../../base/errors.js'
import { asRefusal, brandOf } from '../../base/realms.js'
import { decodeValue } from './values.js'

interface Words { readonly name: string; readonly message: string }

/** What can be posted. */
export type PostedError =
  | Words & { readonly kind: 'tls'; readonly stack: string | undefined; readonly fields: Fields; readonly cause?: PostedError }
  | Words & { readonly kind: 'dom' }
  | { readonly kind: 'other'; readonly value: unknown }
  | { readonly kind: 'call'; readonly call: number }

/** In the worker: a callback on the page has failed, and its error is there. */
export class FailedCall extends Error {
  readonly call: number

  constructor(call: number) {
    super('a callback on the page has failed')
    this.call = call
  }
}

/** On the page: errors that the worker cannot have. */
export interface OwnErrors {
  /** What the page's transport failed with. */
  transport?: { readonly error: unknown }
  /** What callbacks threw, by the number of the call. */
  readonly calls: Map<number, unknown>
}

/** What the classes of `base/errors.ts` have among them, beside message and cause. */
type Fields = Readonly<Record<string, any>>

// The names that the classes give themselves: a minifier changes those that they were declared with.
const classes: Readonly<Record<string, (message: string, fields: any) => TlsError>> = {
  PeerError: (message, fields) => new PeerError(fields.code, message, fields),
  EchRejectedError: (message, fields) => new EchRejectedError(message, fields as ConstructorParameters<typeof EchRejectedError>[1]),
  RefusalError: (message, fields) => new RefusalError(fields.alertName, message, fields),
  CertificateError: (message, fields) => new CertificateError(fields.code, message, fields),
  TruncationError: (message, fields) => new TruncationError(message, fields),
  TransportError: (message, fields) => new TransportError(message, fields),
  DeadlineError: (message, fields) => new DeadlineError(fields.code, message, fields),
  ApiMisuseError: (message, fields) => new ApiMisuseError(fields.code, message, fields),
  InternalError: (message, fields) => new InternalError(fields.code, message, fields),
}

export function encodeError(error: unknown): PostedError {
  const refusal = asRefusal(error)
  const failed = refusal ? refusal.cause : error
  if (failed instanceof FailedCall) return { kind: 'call', call: failed.call }
  if (error instanceof TlsError) {
    const { cause, certificate, retryConfigList, ...shown } = error as TlsError & Fields
    const fields = { ...shown, certificate, retryConfigList } // these two are not enumerable
    return {
      kind: 'tls', name: error.name, message: error.message, stack: error.stack, fields: structuredClone(fields),
      ...('cause' in error && { cause: encodeError(cause) }),
    }
  }
  // Not every platform can clone one.
  if (brandOf(error) === 'DOMException') {
    const { name, message } = error as DOMException
    return { kind: 'dom', name, message }
  }
  try {
    return { kind: 'other', value: structuredClone(error) }
  } catch {
    return { kind: 'other', value: new Error(String(error)) }
  }
}

/** The page's own errors take the place of what the worker made of them. */
export function decodeError(posted: PostedError, own?: OwnErrors): unknown {
  if (posted.kind === 'call') return own?.calls.get(posted.call)
  if (posted.kind === 'dom') return new DOMException(posted.message, posted.name)
  if (posted.kind === 'other') return posted.value
  const cause = posted.name === 'TransportError' && own?.transport ? own.transport.error : posted.cause && decodeError(posted.cause, own)
  const error = classes[posted.name]!(posted.message, { ...decodeValue(posted.fields) as Fields, ...(posted.cause && { cause }) })
  if (posted.stack !== undefined) error.stack = posted.stack
  return error
}

/** An error of a connection: one that is posted more than once is one on the other side. */
export interface NumberedError {
  readonly number: number
  readonly error: PostedError
}

/** In the worker, for one connection. */
export function errorEncoder(): (error: unknown) => NumberedError {
  const numbers = new Map<unknown, number>()
  return (error) => {
    if (!numbers.has(error)) numbers.set(error, numbers.size)
    return { number: numbers.get(error)!, error: encodeError(error) }
  }
}

/** On the page, for the same connection. */
export function errorDecoder(own: OwnErrors): (posted: NumberedError) => unknown {
  const known = new Map<number, unknown>()
  return ({ number, error }) => {
    if (!known.has(number)) known.set(number, decodeError(error, own))
    return known.get(number)
  }
}
