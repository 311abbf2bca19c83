// What is known of a value: whether it may be secret, and which memory it points to.

export interface Value {
  /** Where the secret comes from; undefined for what is public. */
  readonly secret: string | undefined
  /**
   * The memory that it points to: `stack`; `static`, for an address that is a number, or a plain number; what a
   * parameter points to; or `anywhere`, the stack included.
   */
  readonly region: string | undefined
  /** Within the region; the least that it can be, if it is not exact. */
  readonly offset: number
  readonly exact: boolean
}

export const PUBLIC: Value = { secret: undefined, region: undefined, offset: 0, exact: false }

export function secret(from: string): Value {
  return { secret: from, region: undefined, offset: 0, exact: false }
}

export function pointer(region: string, offset: number, exact = true): Value {
  return { secret: undefined, region, offset, exact }
}

export function number(value: number): Value {
  return pointer('static', value)
}

/** What either of two may be. */
export function join(a: Value, b: Value): Value {
  if (a === b || equal(a, b)) return a
  const from = a.secret ?? b.secret
  // Two numbers are no address in particular.
  if (a.region !== b.region && (onStack(a) || onStack(b))) return of(from, 'anywhere', -Infinity)
  if (a.region !== b.region || a.region === undefined || a.region === 'static') return of(from)
  return of(from, a.region, Math.min(a.offset, b.offset), a.exact && b.exact && a.offset === b.offset)
}

export function equal(a: Value, b: Value): boolean {
  return (a.secret === undefined) === (b.secret === undefined) && a.region === b.region && a.offset === b.offset && a.exact === b.exact
}

/** The result of a calculation that gives no address. */
export function mixed(operands: readonly Value[]): Value {
  return of(operands.find((value) => value.secret !== undefined)?.secret)
}

export function sum(a: Value, b: Value, sign: 1 | -1): Value {
  const from = a.secret ?? b.secret
  const [constant, other] = isNumber(b) ? [b, a] : isNumber(a) && sign === 1 ? [a, b] : [undefined, a]
  if (constant && other.region === undefined) return of(from)
  if (constant) {
    const step = sign * constant.offset
    if (other.exact) return of(from, other.region, (other.offset + step) | 0, true)
    // An address that is not exact is not below its offset; when it goes down it may be anywhere.
    return of(from, other.region, step < 0 ? -Infinity : other.offset, false)
  }
  // An address and a number that is not known, which may be a parameter.
  const stack = sign === 1 && onStack(b) ? b : onStack(a) ? a : undefined
  if (stack) return of(from, stack.region, sign === 1 ? stack.offset : -Infinity)
  const [base, index] = a.region !== undefined || sign === -1 ? [a, b] : [b, a]
  if (base.region === undefined || index.region !== undefined) return of(from)
  return of(from, base.region, sign === 1 ? base.offset : -Infinity, false)
}

function of(from: string | undefined, region?: string, offset = 0, exact = false): Value {
  return from === undefined && region === undefined ? PUBLIC : { secret: from, region, offset, exact }
}

function onStack({ region }: Value): boolean {
  return region === 'stack' || region === 'anywhere'
}

function isNumber(value: Value): boolean {
  return value.region === 'static'
}
