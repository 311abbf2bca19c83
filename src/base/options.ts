// The one check of options, for every function that takes some: a misspelt option must not pass in silence.

import { asBytes, isBytesLike, type BytesLike } from './bytes.js'
import { copyBytes } from './copies.js'
import { ApiMisuseError } from './errors.js'
import { advice } from './option-names.js'
import { brandOf, hasMethods, isAbortSignal, isPromiseLike } from './realms.js'

/** What is wrong with a value, or `undefined`: the end of a sentence that begins with the option's name. */
export type Check = (value: unknown) => string | undefined

export const isString: Check = (value) =>
  (typeof value === 'string' && value !== '' && !value.includes('\0') ? undefined : 'must be a non-empty string without NUL')
export const isBoolean: Check = (value) => (typeof value === 'boolean' ? undefined : 'must be a boolean')
export const isFunction: Check = (value) => (typeof value === 'function' ? undefined : 'must be a function')
export const isFunctionOr = (check: Check): Check => (value) => (typeof value === 'function' ? undefined : check(value))
export const hasFunctions = (...names: readonly string[]): Check => (value) =>
  (hasMethods(value, ...names) ? undefined : `must be an object with the functions ${names.join(', ')}`)
export const isSomeBytes: Check = (value) => (isBytesLike(value) && value.byteLength > 0 ? undefined : 'must be bytes, and not empty')
export const isIntegerFrom = (min: number, max: number): Check => (value) =>
  (Number.isInteger(value) && (value as number) >= min && (value as number) <= max ? undefined : `must be an integer from ${min} to ${max}`)
export const isOneOf = (...values: readonly unknown[]): Check => (value) =>
  (values.includes(value) ? undefined : `must be one of ${values.map((one) => JSON.stringify(one)).join(', ')}`)
/** One value that passes `check`, or an array of one or more. */
export const isOneOrMore = (check: Check): Check => (value) =>
  (Array.isArray(value) && value.length > 0 ? value.map(check).find(Boolean) : check(value))

/** One check for several options. */
export function each<Name extends string>(check: Check, ...names: readonly Name[]): Readonly<Record<Name, Check>> {
  return Object.fromEntries(names.map((name) => [name, check])) as Record<Name, Check>
}

/** How many, or how many bytes. */
export const isCount = /* @__PURE__ */ isIntegerFrom(1, 2 ** 31 - 1)
export const isSignal: Check = (value) => (isAbortSignal(value) ? undefined : 'must be an AbortSignal')

/** setTimeout's own limit: above it, a timer fires at once. */
const MAX_TIMER_MS = 2 ** 31 - 1
/** Milliseconds from `min` to the longest that a timer can wait. */
export const isMilliseconds = (min: number): Check => isIntegerFrom(min, MAX_TIMER_MS)

/**
 * Checks names and values, and returns a copy without the options that are `undefined`: later changes to the original's bytes,
 * arrays and plain objects are not seen. `taker` is the function that has the options, for the message. `lasting` names options
 * whose copies may be kept as long as the original (copies.ts): no secrets.
 * Throws `ERR_TLS_INVALID_ARGUMENT` unless `options` is a plain object (inherited options would be missed), and with `option`
 * naming it, `ERR_TLS_UNKNOWN_OPTION` or `ERR_TLS_INVALID_OPTION`.
 */
export function checkOptions<Options extends object>(
  options: Options, checks: Readonly<Record<keyof Options, Check>>, taker: string, lasting: readonly string[] = [],
): Options {
  const checked = own<Record<string, unknown>>({})
  const given = ownOptions(options, taker)
  demandOptions(given, checks, taker)
  for (const [option, value] of Object.entries(given)) {
    if (value !== undefined) checked[option] = copyOption(value, lasting.includes(option) ? copyBytes : undefined)
  }
  return checked as Options
}

/** Throws as {@link checkOptions}, and copies nothing. */
export function demandOptions<Options extends object>(
  options: Options, checks: Readonly<Record<keyof Options, Check>>, taker: string,
): void {
  for (const [option, value] of Object.entries(options)) {
    if (!Object.hasOwn(checks, option)) {
      const message = `${taker} has no option '${option}'${advice(option, Object.keys(checks))}`
      throw new ApiMisuseError('ERR_TLS_UNKNOWN_OPTION', message, { option })
    }
    const wrong = value === undefined ? undefined : checks[option as keyof Options](value)
    if (wrong !== undefined) throw invalid(option, wrong + mistaken(value))
  }
}

/** The options that were given, as they are. Throws as {@link checkOptions} unless they are a plain object. */
export function ownOptions<Options extends object>(options: Options, taker: string): Options {
  if (!isPlainObject(options)) throw invalidArgument(`the options of ${taker} must be a plain object`)
  return own<Options>(options)
}

/** As {@link ownOptions}, for functions that check the few values themselves. Throws `ERR_TLS_UNKNOWN_OPTION` for other names. */
export function knownOptions<Options extends object>(
  options: Options, taker: string, ...names: readonly (keyof Options & string)[]
): Options {
  const given = ownOptions(options, taker)
  const option = Object.keys(given).find((name) => !(names as readonly string[]).includes(name))
  if (option === undefined) return given
  throw new ApiMisuseError('ERR_TLS_UNKNOWN_OPTION', `${taker} has no option '${option}': there are ${names.join(', ')}`, { option })
}

/** How to get the right value from a common wrong one; in an array, from the first such. `''` for other values. */
export function mistaken(value: unknown): string {
  if (Array.isArray(value)) return value.map(mistaken).find(Boolean) ?? ''
  if (isPromiseLike(value)) return '; it is a promise: await it'
  if (brandOf(value) === 'URL') return '; it is a URL: fetch it, or read the file, and give what that gives'
  if (hasMethods(value, 'arrayBuffer')) return `; it is a ${brandOf(value)}: give what its arrayBuffer() resolves to`
  return isBytesLike((value as { readonly raw?: unknown } | null | undefined)?.raw) ? "; give its field 'raw'" : ''
}

/** The fields of all of these (if several have one, the last one's), and no others: nor what a script has added to Object.prototype. */
export function own<T extends object>(...objects: readonly (object | undefined)[]): T {
  return Object.assign(Object.create(null), ...objects) as T
}

export function invalidArgument(wrong: string): ApiMisuseError {
  return new ApiMisuseError('ERR_TLS_INVALID_ARGUMENT', wrong)
}

export function invalid(option: string, wrong: string, why: ErrorOptions = {}): ApiMisuseError {
  return new ApiMisuseError('ERR_TLS_INVALID_OPTION', `option '${option}' ${wrong}`, { option, ...why })
}

/** A value that `read` takes without an `ApiMisuseError`. */
export const isReadBy = (read: (value: never) => unknown): Check => (value) => {
  try {
    read(value as never)
    return undefined
  } catch (error) {
    if (!(error instanceof ApiMisuseError)) throw error
    return `is wrong: ${error.message}`
  }
}

/** How options depend on each other, by name. An option that is `false` counts as not given. */
export interface Rules<Name extends string = string> {
  /** An option cannot be combined with any of these. */
  readonly excludes?: Readonly<Partial<Record<Name, readonly Name[]>>>
  /** An option must have one of these beside it; the first is to blame if there is none. */
  readonly requires?: Readonly<Partial<Record<Name, readonly Name[]>>>
  /** An option has no effect without one of these. */
  readonly needs?: Readonly<Partial<Record<Name, readonly Name[]>>>
}

/** The option to blame for a broken rule and what is wrong with it, or `undefined`. An option that `mayCome` later is not missed. */
export function brokenRule(rules: Rules, options: object, mayCome = (_name: string) => false): [option: string, wrong: string] | undefined {
  const given = (name: string) => Object.hasOwn(options, name) && isGiven(options[name as keyof typeof options])
  // Every feature of every connection comes by: without lists of pairs that is quicker.
  const find = (all: Rules[keyof Rules] = {}, isBroken: (others: readonly string[]) => boolean) => {
    const name = Object.keys(all).find((one) => given(one) && isBroken(all[one]!))
    return name === undefined ? undefined : [name, ...all[name]!] as [string, string, ...string[]]
  }
  const isUnmet = (others: readonly string[]) => !others.some((other) => given(other) || mayCome(other))
  const excluded = find(rules.excludes, (others) => others.some(given))
  if (excluded) return [excluded[0], `cannot be combined with '${excluded.slice(1).find(given)}': leave out one of them`]
  const lacking = find(rules.requires, isUnmet)
  if (lacking) {
    const [name, first, ...others] = lacking
    return [first, `is required with '${[name, ...others].join("', or '")}'`]
  }
  const useless = find(rules.needs, isUnmet)
  return useless && [useless[0], `has no effect without '${useless.slice(1).join("', or '")}'`]
}

function isGiven(value: unknown): boolean {
  return value !== undefined && value !== false
}

/** A copy of bytes, arrays and plain objects, all the way down. Anything else is the caller's own object. */
export function copyOption(value: unknown, copy = (bytes: BytesLike) => new Uint8Array(asBytes(bytes))): unknown {
  if (Array.isArray(value)) return value.map((one) => copyOption(one, copy))
  if (isData(value)) {
    return Object.fromEntries(Object.entries(value).map(([name, field]) => [name, copyOption(field, copy)]))
  }
  return isBytesLike(value) ? copy(value) : value
}

/** A plain object without methods: one with methods is used as it is, as they may rely on `this`. */
export function isData(value: unknown): value is Readonly<Record<string, unknown>> {
  return isPlainObject(value) && !Object.values(value).some((field) => typeof field === 'function')
}

/** An object that is written down with its fields, and no instance of a class. */
export function isPlainObject(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  // The Object.prototype of another realm has null for a prototype, too.
  return prototype === null || Object.getPrototypeOf(prototype) === null
}
