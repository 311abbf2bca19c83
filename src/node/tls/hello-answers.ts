// What a server asks its application for when a ClientHello has come: a session of that id, the context for that name, an OCSP response.
// Node waits for each answer, in this order, and so does the handshake here.

import type { ClientHello } from '../../core/client-hello.js'
import type { Ssl } from '../../core/ssl.js'
import { asBytes } from '../../base/bytes.js'
import type { Decisions } from '../../pump/decisions.js'
import { TLS1_2_VERSION } from '../../ffi/constants.gen.js'
import { nodeError } from '../node-error.js'
import { Buffer } from '../platform/buffer.js'
import { ContextHandle } from './context-handle.js'
import type { SecureContext } from './secure-context.js'

export type SniCallback = (servername: string, callback: (error: Error | null, context?: SecureContext) => void) => void

/** A server's TLSSocket, as far as it is used here. */
export interface AskingSocket {
  readonly destroyed: boolean
  readonly server: unknown
  servername: string | false | null
  readonly _tlsOptions: {
    readonly requestCert?: boolean | undefined
    readonly SNICallback?: SniCallback | undefined
  }
  destroy(error: Error): unknown
  _tlsError(error: Error): unknown
  /** The connection counts as secure only after that. */
  _waitFor(answer: Promise<unknown>): void
}

interface Emitter {
  listenerCount(event: string): number
  emit(event: string, ...args: unknown[]): boolean
  _sharedCreds?: SecureContext
}

export class HelloAnswers {
  readonly #socket: AskingSocket
  readonly #ssl: Ssl
  readonly #decisions: Decisions
  readonly #verifyMode: number
  #answered = false
  #session: Uint8Array | undefined
  #response: Uint8Array | undefined
  readonly #first: ContextHandle
  /** That of the name. */
  #context: ContextHandle | undefined

  constructor(socket: AskingSocket, ssl: Ssl, context: ContextHandle, decisions: Decisions, verifyMode: number) {
    this.#socket = socket
    this.#first = context
    this.#ssl = ssl
    this.#decisions = decisions
    this.#verifyMode = verifyMode
  }

  install(): void {
    const ssl = this.#ssl
    ssl.setClientHelloCb(() => {
      if (this.#answered) return 1 // after a HelloRetryRequest
      const hello = ssl.getClientHello()
      if (!this.#decisions.ask(() => this.#ask(hello))) return -1
      this.#answered = true
      this.#apply(hello)
      return 1
    })
    ssl.setGetSessionCb(() => this.#session)
    ssl.setTlsextStatusCb(() => {
      if (this.#response) ssl.setTlsextStatusOcspResp(this.#response)
      return this.#response !== undefined
    })
    const server = this.#server
    if (!server?.listenerCount('newSession')) return // as Node, which does not look again
    ssl.setNewSessionCb((id, session) => {
      const [key, data] = [Buffer.from(id), Buffer.from(session)]
      const told = this.#called<void>((done) => {
        try {
          server.emit('newSession', key, data, done)
        } catch (error) {
          server.emit('error', error) // the connection is none the worse
          done()
        }
      })
      if (ssl.getVersion() !== 'TLSv1.3') this.#socket._waitFor(told) // there it comes after the handshake
    })
  }

  get #server(): Emitter | undefined {
    return this.#socket.server as Emitter | undefined
  }

  /** A promise only where there is something to ask. */
  #ask(hello: ClientHello): undefined | Promise<void> {
    const server = this.#server
    const steps: (() => Promise<void>)[] = []
    if (hello.sessionId.length > 0 && !hello.hasTicket && server?.listenerCount('resumeSession')) {
      steps.push(async () => {
        const id = Buffer.from(hello.sessionId)
        const session = await this.#called<Uint8Array | null>((done) => server.emit('resumeSession', id, done))
        if (session) this.#session = asBytes(session)
      })
    }
    const { SNICallback } = this.#socket._tlsOptions
    if (hello.servername !== undefined) this.#socket.servername = hello.servername
    if (hello.servername !== undefined && SNICallback) {
      steps.push(async () => {
        const answer = await this.#called<SecureContext | ContextHandle>((done) => {
          try {
            SNICallback.call(this.#socket, hello.servername!, done as Parameters<SniCallback>[1])
          } catch (error) {
            done(error as Error) // so that no client can end the server by it
          }
        })
        const context = answer instanceof ContextHandle ? answer : answer?.context
        if (answer == null || context instanceof ContextHandle) this.#context = context
        else await this.#given(new TypeError('Invalid SNI context'))
      })
    }
    if (hello.requestsOcsp && server?.listenerCount('OCSPRequest')) {
      steps.push(async () => {
        const context = this.#context ?? this.#first
        const response = await this.#called<Uint8Array | null>(
          (done) => server.emit('OCSPRequest', context.getCertificate(), context.getIssuer(), done))
        if (response) this.#response = asBytes(response)
      })
    }
    if (steps.length === 0) return undefined
    return (async () => { for (const step of steps) await step() })()
  }

  /** What a function with a callback answers; asked from a task of its own. What it throws ends the connection. */
  #called<T>(ask: (done: (error?: Error | null, value?: T) => void) => void): Promise<T | undefined> {
    return new Promise((resolve) => queueMicrotask(() => {
      let called = false
      const done = (error?: Error | null, value?: T) => {
        if (called) return void this.#given(nodeError('ERR_MULTIPLE_CALLBACK', 'Callback called multiple times'))
        called = true
        if (error) return void this.#given(error)
        if (this.#socket.destroyed) return
        resolve(value)
      }
      try {
        ask(done)
      } catch (error) {
        done(error as Error)
      }
    }))
  }

  /** The connection ends by the application's error, and the peer is told nothing. Never resolves. */
  #given(error: Error): Promise<never> {
    this.#socket._tlsError(error)
    this.#socket.destroy(error)
    return new Promise(() => {})
  }

  #apply({ versions }: ClientHello): void {
    const ssl = this.#ssl
    if (!versions.includes('TLSv1.3') || ssl.getMaxProtoVersion() === TLS1_2_VERSION) ssl.set1GroupsList(this.#first.groupsOfTls12)
    const context = this.#context
    if (!context) return
    const { requestCert } = this.#socket._tlsOptions
    if (requestCert) context.anchor()
    useContext(ssl, context, this.#verifyMode)
  }
}

/** Certificates and trust become those of `context`; all else stays as the server has it. */
function useContext(ssl: Ssl, context: ContextHandle, verifyMode: number): void {
  const [options, min, max] = [ssl.getOptions(), ssl.getMinProtoVersion(), ssl.getMaxProtoVersion()]
  ssl.setSslCtx(context.sslCtx)
  ssl.clearOptions(ssl.getOptions() & ~options)
  ssl.setOptions(options)
  ssl.setMinProtoVersion(min)
  ssl.setMaxProtoVersion(max)
  ssl.setVerify(verifyMode)
}
