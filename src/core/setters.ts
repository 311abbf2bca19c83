// Functions of OpenSSL's that answer 1, or 0 and say why in the error queue: for them the caller's value is at fault.

import { ApiMisuseError } from '../base/errors.js'
import type { Ptr } from '../ffi/pointers.js'
import { describe, takeErrors } from './err-queue.js'
import type { LibSsl } from './lib-ssl.js'

/** Throws `ApiMisuseError` with OpenSSL's code unless `call` answers 1. `what` names the method, for the message. */
export function set(lib: LibSsl, what: string, call: () => number): void {
  lib.ffi.ERR_clear_error()
  if (lib.call(call) === 1) return
  const errors = takeErrors(lib)
  throw new ApiMisuseError(errors.at(-1)?.code ?? 'ERR_TLS_INVALID_ARGUMENT', `${what}: ${describe(errors)}`, { opensslErrorStack: errors })
}

/** The same for a text, which is lent to `call`. */
export function setText(lib: LibSsl, what: string, value: string, call: (text: Ptr<'char'>) => number): void {
  if (value.includes('\0')) throw new ApiMisuseError('ERR_TLS_INVALID_ARGUMENT', `${what}: the text holds a NUL`)
  set(lib, what, () => lib.memory.scope((scope) => call(scope.cstring(value))))
}
