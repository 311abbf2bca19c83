// What the stream beneath a TLSSocket tells beside its bytes, and what becomes of that.

import { TlsError, TransportError, TruncationError } from '../../base/errors.js'
import { inEdgeWorker, Socket } from '#node-net'
import { connectionError } from '../error-codes.js'
import { laterTurn } from '../socket-base.js'
import type { Beneath } from './socket-face.js'

interface Above {
  readonly _secureEstablished: boolean
  readonly allowHalfOpen: boolean
  readonly readableEnded: boolean
  emit(event: string, ...args: unknown[]): boolean
  prependOnceListener(event: 'end', listener: () => void): unknown
  destroy(): unknown
  _unrefTimer(): void
}

const CONNECTING = ['lookup', 'connectionAttempt', 'connectionAttemptFailed', 'connectionAttemptTimeout'] as const

/** `given`: it is the application's, which hears of it itself. `connected` is called once there is a connection. */
export function followBeneath(
  socket: Above, beneath: Beneath, given: boolean, connected: () => void, fail: (error?: unknown) => void,
): void {
  if (beneath.pending || beneath.connecting) {
    beneath.once('connect', () => {
      connected()
      socket._unrefTimer()
      socket.emit('connect')
      if (!given) socket.emit('ready')
    })
    for (const event of given ? [] : CONNECTING) beneath.on(event, (...args: unknown[]) => socket.emit(event, ...args))
  } else {
    connected()
    void beneath.remoteAddress // a socket of Node's remembers it when it has gone
  }
  beneath.on('error', (error: Error) => { if (!socket._secureEstablished) fail(error) })
  beneath.on('close', () => {
    // After its end, or an error, the life tells, when it has given what came before.
    if (beneath.errored) return
    if (beneath.readableEnded && socket._secureEstablished) {
      if (!socket.allowHalfOpen) return
      // It would wait for ever, but what has come can be read first.
      if (socket.readableEnded) socket.destroy()
      else socket.prependOnceListener('end', () => laterTurn(() => socket.destroy()))
      return
    }
    fail(beneath.readableEnded ? new TruncationError('the socket was closed') : undefined)
  })
  if (beneath.destroyed) queueMicrotask(() => socket.destroy())
}

/** A failure of the life as Node tells it. `beforeSecure`: what a client was given to connect to, if it has not got there. */
export function asNodeError(reason: unknown, beforeSecure: Readonly<Record<string, unknown>> | undefined): Error {
  if (reason instanceof TransportError && reason.cause instanceof Error) return withCode(reason.cause)
  if (!isEnd(reason) && !(reason instanceof TransportError)) {
    return reason instanceof TlsError ? connectionError(reason) : withCode(reason as Error)
  }
  if (!beforeSecure) return Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' })
  const { path, host, port, localAddress } = beforeSecure
  const message = 'Client network socket disconnected before secure TLS connection was established'
  return Object.assign(new Error(message), { code: 'ECONNRESET', path, host, port, localAddress })
}

/** An edge worker's sockets tell that they were reset without Node's names for it. */
function withCode(error: Error & { code?: string }): Error {
  const lost = inEdgeWorker && error.code === undefined && error.message === 'Network connection lost.'
  return lost ? Object.assign(error, { code: 'ECONNRESET', syscall: 'read' }) : error
}

/** The error of a write: the system's own if that has refused it; else ECANCELED, as the connection's error says why it was given up. */
export function unwritten(error: Error & { syscall?: string } | null): Error {
  return error?.syscall === 'write' ? error : writeError('ECANCELED')
}

/** The error of a write that waited for a handshake that has failed. As in Node, the socket has the same one. */
export function asWriteError({ message }: Error): Error {
  return writeError('EPROTO', message)
}

/** The error of a write that the stream beneath takes no more. */
export function brokenPipe(): Error {
  return writeError('EPIPE')
}

const ERRNO = { ECANCELED: -125, EPIPE: -32, EPROTO: -71 }

function writeError(code: keyof typeof ERRNO, message?: string): Error {
  const errno = ERRNO[code]
  return Object.assign(new Error(`write ${code}${message === undefined ? '' : ` ${message}`}`), { errno, code, syscall: 'write' })
}

/** Whether the peer has ended its stream. */
export function isEnd(reason: unknown): boolean {
  return reason instanceof TruncationError || (reason instanceof TlsError && reason.code === 'ERR_TLS_HANDSHAKE_CLOSED')
}

/** Whether a stream has failed by an error of the application's: one of the system's names a call. */
export function isOfApplication(reason: unknown, beneath: Beneath): boolean {
  const error = reason instanceof TransportError ? reason.cause : reason
  const failed = error instanceof Error && !(error instanceof TlsError) && error === beneath.errored
  return failed && !(beneath instanceof Socket && 'syscall' in error)
}
