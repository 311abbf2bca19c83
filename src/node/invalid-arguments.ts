// Errors for what callers give, with Node's codes and words.

import { nodeError } from './node-error.js'

type NodeError = Error & { code: string }

/** `what` is what stands behind "must be", for example `of type string`. A name with a dot is a property's. */
export function invalidArgType(name: string, what: string, actual: unknown): NodeError {
  const kind = name.includes('.') ? 'property' : 'argument'
  return nodeError('ERR_INVALID_ARG_TYPE', `The "${name}" ${kind} must be ${what}.${received(actual)}`, {}, TypeError)
}

export function invalidArgValue(name: string, value: unknown, reason = 'is invalid'): NodeError {
  const kind = name.includes('.') ? 'property' : 'argument'
  return nodeError('ERR_INVALID_ARG_VALUE', `The ${kind} '${name}' ${reason}. Received ${print(value)}`, {}, TypeError)
}

export function outOfRange(name: string, range: string, value: unknown): NodeError {
  const printed = Number.isInteger(value) && Math.abs(value as number) > 2 ** 32
    ? String(value).replace(/\B(?=(\d{3})+$)/g, '_') : print(value)
  const message = `The value of "${name}" is out of range. It must be ${range}. Received ${printed}`
  return nodeError('ERR_OUT_OF_RANGE', message, {}, RangeError)
}

/** Throws unless `value` is of this type. */
export function demandType(value: unknown, type: 'string' | 'number' | 'function' | 'boolean' | 'object', name: string): void {
  const right = type === 'object' ? typeof value === 'object' && value !== null && !Array.isArray(value) : typeof value === type
  if (!right) throw invalidArgType(name, `of type ${type}`, value)
}

/** Throws unless `value` is an integer in the range. */
export function demandInteger(value: unknown, name: string, min: number, max: number): void {
  demandType(value, 'number', name)
  if (!Number.isInteger(value)) throw outOfRange(name, 'an integer', value)
  if ((value as number) < min || (value as number) > max) throw outOfRange(name, `>= ${min} && <= ${max}`, value)
}

function received(value: unknown): string {
  if (value === null || value === undefined) return ` Received ${value}`
  if (typeof value === 'function') return ` Received function ${value.name}`
  if (typeof value === 'object') {
    const name = (value.constructor as { name?: string } | undefined)?.name
    return name ? ` Received an instance of ${name}` : ` Received ${print(value)}`
  }
  const text = print(value)
  return ` Received type ${typeof value} (${text.length > 28 ? `${text.slice(0, 25)}...` : text})`
}

function print(value: unknown): string {
  if (typeof value === 'string') return `'${value.replace(/[\\']/g, '\\$&').replace(/\n/g, '\\n')}'`
  if (typeof value === 'bigint') return `${value}n`
  if (typeof value !== 'object' || value === null) return String(value)
  try {
    return JSON.stringify(value)
  } catch {
    return Object.prototype.toString.call(value)
  }
}
