// A feature: a group of options that belong together, what each must be, and what they do to OpenSSL's objects. One file
// each; options.ts and context.ts are the lists of them.

import { ApiMisuseError } from '../../base/errors.js'
import { isBytesLike, type BytesLike } from '../../base/bytes.js'
import { isSomeBytes, type Check, type Rules } from '../../base/options.js'
import type { BasicSsl } from '../../core/basic-ssl.js'
import { wordsOf } from '../../core/setters.js'
import type { BasicSslCtx } from '../../core/basic-ssl-ctx.js'
import type { Ssl } from '../../core/ssl.js'
import type { Decisions } from '../../pump/decisions.js'

export {
  brokenRule, checkOptions, hasFunctions, invalid, isBoolean, isFunction, isFunctionOr, isIntegerFrom, isOneOf, isOneOrMore, isPlainObject,
  isReadBy, isSomeBytes, isString, own, type Check, type Rules,
} from '../../base/options.js'

/** One or more certificates: PEM text, or one as DER. */
export type Certificates = string | BytesLike

/**
 * `Others` are options of other features that this one looks at. A feature of one side calls nothing and reads no property
 * when its file is loaded, or says `@__PURE__`: so bundlers leave it out where the other side alone is used.
 */
export interface Feature<Options extends object, Others extends object = object, Connection = BasicSsl>
  extends Rules<keyof (Options & Others) & string> {
  /** What is wrong with an option's value, if anything is. Called for those that are given. */
  readonly checks: Readonly<Record<keyof Options, Check>>
  /**
   * Callbacks whose answers count; all others are only told. `at once`: OpenSSL cannot wait for it, so it cannot come from
   * another thread: worker mode refuses the option.
   */
  readonly answers?: Readonly<Partial<Record<keyof Options, 'in time' | 'at once'>>>
  /** Those that the answer to a ClientHello may have: OpenSSL still lets them change. */
  readonly perClient?: readonly (keyof Options)[]
  /** Those that belong to one connection, and cannot stand in a context. */
  readonly connection?: readonly (keyof Options)[]
  /** Those that may stand in a context or beside it; then the connection's counts. All others are the context's. */
  readonly either?: readonly (keyof Options)[]
  /** Checks beyond the rules. Throws by {@link invalid}. Without `whole` these are a context's options: a connection may add others. */
  readonly agree?: (options: Options & Others, whole: boolean) => void
  /** Without options of `connection`: other connections share it. `keyAlone`: see server-identity.ts. */
  readonly setUpCtx?: (ctx: BasicSslCtx, options: Options & Others, keyAlone: boolean) => void
  /** Called before each connection of `ctx`, the first included, for things that change with time. */
  readonly renewCtx?: (ctx: BasicSslCtx, options: Options & Others) => void
  /** After all of `setUpCtx`. A callback that takes time asks by `decisions`. */
  readonly setUpSsl?: (ssl: Connection, options: Options & Others, decisions: Decisions) => void
  /** When a ClientHello was answered by options, and their context is set: what SSL_set_SSL_CTX leaves as it was. */
  readonly changeSsl?: (ssl: Connection, options: Options & Others) => void
}

/** What connect() has no use for. */
export type ServerFeature<Options extends object, Others extends object = object> = Feature<Options, Others, Ssl>

export const isPemOrDer: Check = (value) =>
  ((typeof value === 'string' && value !== '') || !isSomeBytes(value) ? undefined : 'must be PEM text, or PEM or DER bytes, and not empty')
export const isSecret: Check = (value) => (typeof value === 'string' || isBytesLike(value) ? undefined : 'must be a string or bytes')

/**
 * Runs `set`, which hands an option to OpenSSL, and names the option if OpenSSL refuses it; `rule` where OpenSSL gives no reason, or a
 * function that makes the words from OpenSSL's.
 */
export function refuse(option: string, set: () => void, rule?: string | ((words: string, code: string) => string)): void {
  try {
    set()
  } catch (cause) {
    if (!(cause instanceof ApiMisuseError)) throw cause
    const { code, opensslErrorStack } = cause
    const words = typeof rule === 'function' ? rule(wordsOf(cause), code) : rule ?? wordsOf(cause)
    throw new ApiMisuseError(code, `option '${option}' was refused: ${words}`, { cause, option, opensslErrorStack })
  }
}

/** As an array. */
export function each<T>(value: T | readonly T[]): readonly T[] {
  return Array.isArray(value) ? (value as readonly T[]) : [value as T]
}
