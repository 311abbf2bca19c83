// What the relay asks of the machine it runs on: a request that wants a WebSocket, and a TCP connection. Everything that
// decides is above this border and the same on every host.

import type { ByteTransport } from '../../pump/transport.js'
import type { Target } from '../../transports/target.js'
import type { WebSocketLike } from '../../transports/websocket-like.js'

/** What clients and the log are told at the relay's own end. */
export const CLOSING = 'the relay is closing'

/** An answer other than 101. */
export interface Refusal {
  /** 0 if the client has gone, so that there is no answer. */
  readonly status: number
  readonly reason: string
  /**
   * The subprotocol to select and the close code to say it by, for a client that is told so: a page sees no HTTP status. A foreign
   * origin, and a client without the token, learn nothing.
   */
  readonly close?: {
    readonly protocol: string | undefined
    readonly code: number
    /** Sent before the close, for clients that do not know our codes. */
    readonly message?: Uint8Array<ArrayBuffer>
  } | undefined
}

/** What HTTP wants beside a status. */
export function headersOf(status: number): Record<string, string> {
  const headers: Record<number, Record<string, string>> = {
    401: { 'WWW-Authenticate': 'Bearer' },
    405: { 'Allow': 'GET' },
    426: { 'Upgrade': 'websocket', 'Sec-WebSocket-Version': '13, 8' },
    429: { 'Retry-After': '60' },
  }
  return { 'Content-Type': 'text/plain; charset=utf-8', ...headers[status] }
}

/** A WebSocket as the relay holds it. */
export interface RelaySocket extends WebSocketLike {
  /** How much has come, of whatever kind: that it grows shows that the client is there. */
  readonly bytesReceived?: number | undefined
  /** Whether {@link pause} was called last. */
  readonly isPaused?: boolean | undefined
  /** Asks whether the client is still there. Absent where the platform does so itself. */
  ping?(): void
  /** Gives up without a closing handshake. Absent where there is no such thing. */
  terminate?(): void
}

/** A request that has not been answered yet. */
export interface Visitor {
  /** Path and query, as they came. */
  readonly path: string
  /** The client, for the log: address and port, or what the host knows. */
  readonly address: string
  /** The client's address without a port, by which clients are counted; `unknown` if the host does not know it. */
  readonly clientAddress: string
  /** Aborts if the client goes away before it is answered. */
  readonly gone: AbortSignal
  /** What is wrong with its WebSocket handshake, as far as it can be seen. */
  readonly fault: Refusal | undefined
  /** A header of the request; several of one name are joined by commas. */
  header(name: string): string | undefined
  /** Answers with an HTTP status and a line of text, if the client is still there, and lets go of it. */
  refuse(refusal: Refusal): void
  /**
   * Shakes hands, and calls `take` at once, as the first message may follow at once. Undefined if there is no handshake:
   * the request's headers were wrong (it has been answered), or the client has gone.
   */
  accept<Result>(protocol: string | undefined, take: (socket: RelaySocket) => Result): Promise<Result | undefined>
}

/** A connection to a target. Its streams are as `ByteTransport` says. */
export interface TargetConnection extends ByteTransport {
  /** Fulfilled when nothing of it is left open. Never rejects. */
  readonly closed: Promise<void>
  /** Ends it so that the target does not take it for an ordinary end, where the host can. */
  reset(): void
}

/**
 * Opens a connection. Rejects with the system's error (`code`), or when the signal aborts; nothing is left open then.
 */
export type Dial = (target: Target, signal: AbortSignal) => Promise<TargetConnection>
