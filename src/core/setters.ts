// Functions of OpenSSL's that answer 1, or 0 and say why in the error queue: for them the caller's value is at fault.

import { ApiMisuseError, type ApiMisuseCode } from '../base/errors.js'
import {
  LSW_KEY_ENCRYPTION_UNSUPPORTED, LSW_KEY_MISMATCH, LSW_KEY_PASSPHRASE_MISSING, LSW_KEY_PASSPHRASE_WRONG, LSW_KEY_UNREADABLE,
} from '../ffi/constants.gen.js'
import * as C from '../ffi/functions.gen.js'
import { NULL, type Ptr } from '../ffi/pointers.js'
import { contentHint } from './content-hint.js'
import { describe, mostTelling, takeErrors } from './err-queue.js'
import type { LibSsl } from './lib-ssl.js'

/**
 * Throws `ApiMisuseError` with OpenSSL's code unless `call` answers 1. `what` names the method, for the message; `content` is the value,
 * where it is a file's.
 */
export function set(lib: LibSsl, what: string, call: () => number, content?: Uint8Array): void {
  lib.ffi[C.ERR_clear_error]()
  if (call() !== 1) throw refusal(lib, what, content)
}

/** What OpenSSL's error queue, which is emptied, has against a value of the caller's. */
export function refusal(lib: LibSsl, what: string, content?: Uint8Array): ApiMisuseError {
  const opensslErrorStack = takeErrors(lib)
  const code = mostTelling(opensslErrorStack)?.code ?? 'ERR_TLS_INVALID_ARGUMENT'
  const hint = content && UNENCODED.test(code) ? contentHint(content, false) : ''
  return new ApiMisuseError(code, `${what}: ${describe(opensslErrorStack)}${hint}`, { opensslErrorStack })
}

/** Codes for a value that is no encoding of what it should be. */
const UNENCODED = /^ERR_(PEM|DECODER|ASN1_ENCODING)_/

/** The message without the method that {@link set} puts before it: for callers who have called another function. */
export function wordsOf({ message }: ApiMisuseError): string {
  return message.replace(/^[A-Z]\w*\.\w+: /, '')
}

/** Throws `ERR_TLS_INVALID_ARGUMENT` unless the caller's value is right. */
export function demand(right: boolean, message: string): asserts right {
  if (!right) throw new ApiMisuseError('ERR_TLS_INVALID_ARGUMENT', message)
}

/** The same for a number of bytes that OpenSSL takes unseen. */
export function demandSize(what: string, bytes: number): void {
  demand(Number.isInteger(bytes) && bytes >= 0 && bytes < 2 ** 31, `${what}: bytes must be an integer from 0 to 2,147,483,647`)
}

/** Throws `ERR_TLS_INVALID_ARGUMENT` for an object of another instance: its address means nothing here. */
export function demandSameInstance(lib: LibSsl, object: { readonly lib: LibSsl } | undefined, what: string): void {
  demand(object === undefined || object.lib === lib, `this ${what} belongs to another instance`)
}

/** As {@link set}, for bytes, which are lent to `call` together with the object's pointer. */
export function setBytes<T extends string>(
  lib: LibSsl, what: string, ptr: Ptr<T>, bytes: Uint8Array, call: (ptr: Ptr<T>, buf: Ptr<'uint8_t'>, length: number) => number,
): void {
  set(lib, what, () => lib.memory.scope((scope) => call(ptr, scope.bytes(bytes), bytes.byteLength)), bytes)
}

/** The same for a text, which is lent to `call`; NULL for `undefined`. */
export function setText(lib: LibSsl, what: string, value: string | undefined, call: (text: Ptr<'char'>) => number): void {
  demand(!value?.includes('\0'), `${what}: the text holds a NUL`)
  set(lib, what, () => lib.memory.scope((scope) => call(value === undefined ? NULL : scope.cstring(value))))
}

/**
 * The same for a key, whose `call` may also answer `LSW_KEY_…`: these have codes of their own. `convert` is the command that
 * encrypts it by what we have.
 */
export function useKey(lib: LibSsl, what: string, convert: string, content: Uint8Array, call: () => number): void {
  set(lib, what, () => {
    const answer = call()
    const known = (keyErrors as Readonly<Record<number, readonly [ApiMisuseCode, string]>>)[answer]
    if (!known) return answer
    const opensslErrorStack = takeErrors(lib)
    const details = opensslErrorStack.length > 0 ? ` (${describe(opensslErrorStack)})` : ''
    const advice = answer === LSW_KEY_ENCRYPTION_UNSUPPORTED ? `; encrypt it anew: ${convert}`
      : answer === LSW_KEY_UNREADABLE ? contentHint(content, true) : ''
    throw new ApiMisuseError(known[0], `${what}: ${known[1]}${details}${advice}`, { opensslErrorStack })
  })
}

const keyErrors = {
  [LSW_KEY_UNREADABLE]: ['ERR_TLS_KEY_UNREADABLE', 'there is no private key in it that OpenSSL can read'],
  [LSW_KEY_PASSPHRASE_MISSING]: ['ERR_TLS_PASSPHRASE_MISSING', 'it is encrypted, and there is no passphrase'],
  [LSW_KEY_PASSPHRASE_WRONG]: ['ERR_TLS_PASSPHRASE_WRONG', 'it cannot be decrypted with this passphrase'],
  [LSW_KEY_ENCRYPTION_UNSUPPORTED]: ['ERR_TLS_KEY_ENCRYPTION_UNSUPPORTED', 'it is encrypted by an algorithm that is not in this build'],
  [LSW_KEY_MISMATCH]: ['ERR_TLS_KEY_MISMATCH', "key and certificate don't belong together"],
} as const
