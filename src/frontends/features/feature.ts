// A feature: a group of options that belong together, what each must be, and what they do to OpenSSL's objects. One file
// each; options.ts and context.ts are the lists of them.

import { ApiMisuseError } from '../../base/errors.js'
import { asBytes, isBytesLike, type BytesLike } from '../../base/bytes.js'
import type { SslCtx } from '../../core/ssl-ctx.js'
import type { Ssl } from '../../core/ssl.js'
import type { Decisions } from '../../pump/decisions.js'

/** One or more certificates: PEM text, or one as DER. */
export type Certificates = string | BytesLike

/** `Others` are options of other features that this one looks at. */
export interface Feature<Options extends object, Others extends object = object> {
  /** What is wrong with an option's value, if anything is. Called for those that are given. */
  readonly checks: Readonly<Record<keyof Options, Check>>
  /**
   * Callbacks whose answers count; all others are only told. `at once`: OpenSSL cannot wait for it, so it cannot come from
   * another thread: worker mode refuses the option.
   */
  readonly answers?: Readonly<Partial<Record<keyof Options, 'in time' | 'at once'>>>
  /** Those that the answer to a ClientHello may have: OpenSSL still lets them change. */
  readonly perClient?: readonly (keyof Options)[]
  /** What options must be to each other. Throws by {@link invalid}. */
  readonly agree?: (options: Options & Others) => void
  readonly setUpCtx?: (ctx: SslCtx, options: Options & Others) => void
  /** After all of `setUpCtx`. A callback that takes time asks by `decisions`. */
  readonly setUpSsl?: (ssl: Ssl, options: Options & Others, decisions: Decisions) => void
  /** When a ClientHello was answered by options, and their context is set: what SSL_set_SSL_CTX leaves as it was. */
  readonly changeSsl?: (ssl: Ssl, options: Options & Others) => void
}

/** What is wrong with a value, or `undefined`. */
export type Check = (value: unknown) => string | undefined

export const isString: Check = (value) => (typeof value === 'string' && value !== '' && !value.includes('\0') ? undefined : 'must be a non-empty string without NUL')
export const isBoolean: Check = (value) => (typeof value === 'boolean' ? undefined : 'must be a boolean')
export const isFunction: Check = (value) => (typeof value === 'function' ? undefined : 'must be a function')
export const isPemOrDer: Check = (value) => ((typeof value === 'string' && value !== '') || (isBytesLike(value) && value.byteLength > 0)
  ? undefined : 'must be PEM text, or PEM or DER bytes, and not empty')
export const isSecret: Check = (value) => (typeof value === 'string' || isBytesLike(value) ? undefined : 'must be a string or bytes')
export const isIntegerFrom = (min: number, max: number): Check => (value) =>
  (Number.isInteger(value) && (value as number) >= min && (value as number) <= max ? undefined : `must be an integer from ${min} to ${max}`)
/** One that passes `check`, or an array of one or more. */
export const isOneOrMore = (check: Check): Check => (value) =>
  (Array.isArray(value) && value.length > 0 ? value.map(check).find(Boolean) : check(value))

export function invalid(option: string, wrong: string, why: ErrorOptions = {}): ApiMisuseError {
  return new ApiMisuseError('ERR_TLS_INVALID_OPTION', `option '${option}' ${wrong}`, { option, ...why })
}

/** Runs what hands an option to OpenSSL, and names the option if OpenSSL refuses it; `rule` where OpenSSL gives no reason. */
export function refuse(option: string, set: () => void, rule?: string): void {
  try {
    set()
  } catch (cause) {
    if (!(cause instanceof ApiMisuseError)) throw cause
    throw new ApiMisuseError(cause.code, `option '${option}' was refused: ${rule ?? cause.message}`, { cause, option, opensslErrorStack: cause.opensslErrorStack })
  }
}

/** As an array. */
export function each<T>(value: T | readonly T[]): readonly T[] {
  return Array.isArray(value) ? (value as readonly T[]) : [value as T]
}

/** What its owner does to the original later (wipe a key, name the next server) is no longer seen. */
export function copyOption(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(copyOption)
  // What has methods is somebody's object: they may want it to be itself.
  if (isPlainObject(value) && !Object.values(value).some((field) => typeof field === 'function')) return Object.fromEntries(Object.entries(value).map(([name, field]) => [name, copyOption(field)]))
  return isBytesLike(value) ? new Uint8Array(asBytes(value)) : value
}

/** An object that is written down with its fields, and no instance of something. */
export function isPlainObject(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  // Another realm's Object.prototype has a prototype of null, too.
  return prototype === null || Object.getPrototypeOf(prototype) === null
}
