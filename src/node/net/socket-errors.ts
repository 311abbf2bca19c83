// Failures of a transport as Node tells those of a socket.

import { codeOfRefusal } from '../../transports/dial-failures.js'
import { formatTarget, type Target } from '../../transports/target.js'

/** Linux's and libuv's numbers: the other end of a relay is mostly there. */
const NUMBERS: Readonly<Record<string, number>> = {
  EACCES: -13, EBUSY: -16, ECONNREFUSED: -111, ECONNRESET: -104, EHOSTUNREACH: -113, EINVAL: -22, ENETUNREACH: -101, ENOTFOUND: -3008,
  ETIMEDOUT: -110,
}

/**
 * Why there is no connection: what a relay has told by Node's code, and that there is no relay, too; other errors that have a code as
 * they are.
 */
export function dialError(error: unknown, target: Target): Error {
  const { code, message } = asError(error) as NodeJS.ErrnoException
  if (typeof code !== 'string' || code === 'ERR_TLS_TRANSPORT') return connectError('ENETUNREACH', `: ${message}`, error, target)
  return refusal(error, target) ?? asError(error)
}

/** The error of a connection that was cut. Some relays report only then that they could not connect. */
export function lostError(syscall: 'read' | 'write', error: unknown, target: Target): Error {
  return refusal(error, target) ?? systemError(syscall, 'ECONNRESET', `: ${asError(error).message}`, error)
}

function refusal(error: unknown, target: Target): Error | undefined {
  const code = codeOfRefusal((error as { readonly code?: unknown } | null | undefined)?.code)
  if (code === undefined) return undefined
  if (code === 'ENOTFOUND') return systemError('getaddrinfo', code, ` ${target.host}`, error, { hostname: target.host })
  // What only a relay tells is told in its words, too; the rest means what it means everywhere.
  const more = code === 'EACCES' || code === 'EBUSY' ? `: ${asError(error).message}` : ''
  return connectError(code, more, error, target)
}

function connectError(code: string, more: string, cause: unknown, { host, port }: Target): Error {
  return systemError('connect', code, ` ${formatTarget({ host, port })}${more}`, cause, { address: host, port })
}

function systemError(syscall: string, code: string, more: string, cause: unknown, fields: object = {}): Error {
  return Object.assign(new Error(`${syscall} ${code}${more}`, { cause }), { errno: NUMBERS[code], code, syscall }, fields)
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error))
}
