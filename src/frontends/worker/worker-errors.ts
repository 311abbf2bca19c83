// Errors in the worker, on their way to the page.

import { TlsError } from '../../base/errors.js'
import { asRefusal, brandOf } from '../../base/realms.js'
import { wordsOf } from '../../base/words-of.js'
import type { Fields, NumberedError, PostedError } from './errors.js'

/** A callback on the page has failed, and its error is there. */
export class FailedCall extends Error {
  readonly call: number

  constructor(call: number) {
    super('a callback on the page has failed')
    this.call = call
  }
}

function encodeError(error: unknown): PostedError {
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
    return { kind: 'other', value: new Error(wordsOf(error)) }
  }
}

/** For one connection. */
export function errorEncoder(): (error: unknown) => NumberedError {
  const numbers = new Map<unknown, number>()
  return (error) => {
    if (!numbers.has(error)) numbers.set(error, numbers.size)
    return { number: numbers.get(error)!, error: encodeError(error) }
  }
}
