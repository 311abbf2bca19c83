// What a TLSSocket tells beside its bytes, and whom: errors before the application knows of the connection, sessions, secrets.
//
// All that users are told is told from a task of its own: what their listeners throw must be theirs, not a rejected promise of ours.

import { Buffer } from '../platform/buffer.js'
import { logSecrets } from './flags.js'
import { SocketInfo } from './socket-info.js'

export abstract class SocketEvents extends SocketInfo {
  server: unknown
  /** Whether errors are told to users; before that they are told to the server that has made this. */
  _controlReleased = false
  /** @internal Answers that the application owes. */
  protected readonly _waits: Promise<unknown>[] = []
  /** @internal What a callback of the application's has thrown within the handshake. */
  protected _thrown: { readonly value: unknown } | undefined
  #toldError: Error | undefined
  /** Lines of the key log that nobody was told of yet. */
  readonly #secrets: string[] = []
  /** Those that the application is to be told of when it knows of the connection. */
  #sessions: Buffer[] | undefined = []

  /** From now on errors are told by 'error'. */
  _releaseControl(): boolean {
    if (this._controlReleased) return false
    this._controlReleased = true
    this.removeListener('error', this._tlsError)
    return true
  }

  _tlsError(error: Error): Error | null {
    if (this.#toldError !== error) this.emit('_tlsError', error)
    this.#toldError = error
    return this._controlReleased ? error : null
  }

  /** Tells of an error. What it means for the socket is the caller's matter. */
  _emitTLSError(error: Error): void {
    const told = this._tlsError(error)
    if (told) this.emit('error', told)
  }

  /** @internal */
  readonly _onKeylog = (line: string): void => {
    this.#secrets.push(line)
    queueMicrotask(() => this._tellSecrets())
  }

  /** @internal As in Node, those of the handshake come before the application knows of the connection. */
  protected _tellSecrets(): void {
    for (let line; (line = this.#secrets.shift()) !== undefined;) {
      logSecrets(line)
      const bytes = Buffer.from(`${line}\n`)
      asUser(() => {
        if (!this._isServer) this.emit('keylog', bytes)
        else (this.server as { emit?(...args: unknown[]): boolean } | undefined)?.emit?.('keylog', bytes, this)
      })
    }
  }

  /** @internal */
  readonly _onSession = (session: Uint8Array<ArrayBuffer>): void => queueMicrotask(() => this.#session(Buffer.from(session)))

  #session(session: Buffer): void {
    if (this.#sessions) return void this.#sessions.push(session)
    if (this.destroyed) return
    this._told = session
    try {
      this.emit('session', session)
    } finally {
      this._told = undefined
    }
  }

  /** @internal The application knows of the connection: emits the events that have waited for that. */
  _releaseSessions(): void {
    const sessions = this.#sessions ?? []
    this.#sessions = undefined
    for (const session of sessions) this.#session(session)
  }

  /** @internal */
  _runCallback<T>(callback: () => T): T | undefined {
    try {
      return callback()
    } catch (value) {
      this._thrown ??= { value }
      this._beneath.destroy()
      return undefined
    }
  }

  /** @internal The connection counts as secure only after that. */
  _waitFor(answer: Promise<unknown>): void {
    this._waits.push(answer)
  }
}

/** Runs what tells users something, in the middle of our work: what they throw is theirs. */
export function asUser(tell: () => void): void {
  try {
    tell()
  } catch (error) {
    queueMicrotask(() => { throw error })
  }
}
