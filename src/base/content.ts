// What options say, as bytes: equal options have equal bytes.

import { asBytes, concat, isBytesLike, utf8 } from './bytes.js'
import { isData } from './options.js'

/**
 * Different values have different encodings: what they are, as text, then all bytes in them, `shorten`ed. Values that mean the same to an
 * option have the same encoding: text and its bytes, one value and an array of it. Of a function only its presence counts; an
 * object with methods and an instance of a class stand for themselves.
 */
export function encodeOptions(options: object, shorten = (bytes: Uint8Array) => bytes): Uint8Array<ArrayBuffer> {
  const bytes: Uint8Array[] = []
  const shape = utf8(shapeOfAll(options, bytes))
  return concat([utf8(`${shape.byteLength} `), shape, ...bytes.map(shorten)])
}

function shapeOfAll(values: object, bytes: Uint8Array[]): string {
  const entries = Object.entries(values).sort(([one], [other]) => (one < other ? -1 : 1))
  return `{${entries.map(([name, value]) => `${JSON.stringify(name)}:${shapeOf(value, bytes)}`).join()}}`
}

/** Its bytes are added to `bytes`. */
function shapeOf(value: unknown, bytes: Uint8Array[]): string {
  if (isBytesLike(value) || typeof value === 'string') return String(bytes[bytes.push(asBytes(value)) - 1]!.byteLength)
  if (Array.isArray(value)) return value.length === 1 ? shapeOf(value[0], bytes) : `[${value.map((one) => shapeOf(one, bytes)).join()}]`
  if (typeof value === 'function') return '()'
  if (isData(value)) return shapeOfAll(value, bytes)
  return JSON.stringify(`${typeof value} ${typeof value === 'object' && value !== null ? numberOf(value) : String(value)}`)
}

const numbers = new WeakMap<object, number>()
let last = 0

function numberOf(object: object): number {
  if (!numbers.has(object)) numbers.set(object, ++last)
  return numbers.get(object)!
}
