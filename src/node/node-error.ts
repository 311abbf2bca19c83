// Errors in the form of Node's: the code is a property and stands in the first line of the stack, the name is the class's.

import type { NodeErrorCodes } from './node-error-codes.js'

/**
 * An error as Node throws it. `fields` become enumerable properties behind `code`.
 * @param Base for example `TypeError`
 */
export function nodeError<Fields extends object>(
  code: keyof NodeErrorCodes, message: string, fields?: Fields, Base: new (message: string) => Error = Error,
): Error & { code: string } & Fields {
  const error = new Base(message)
  // The stack of V8 begins with it; other engines' stacks have no such line.
  const stack = { value: error.stack?.replace(/^(\w+)(?=:)/, `$1 [${code}]`), writable: true, configurable: true }
  Object.defineProperty(error, 'stack', stack)
  const toString = { value: () => `${error.name} [${code}]: ${error.message}`, writable: true, configurable: true }
  return Object.assign(Object.defineProperty(error, 'toString', toString), { code }, fields)
}
