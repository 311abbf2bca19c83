// The relay's side of a tunnel: one WebSocket, one TCP connection, and the bytes between them. Two transports, each carried
// into the other. What a message means, half-closes and back-pressure are theirs; what the end of one means to the other is
// decided here.

import { takeWebSocket, type WebSocketTransport } from '../../transports/websocket.js'
import { ABORTED, GOING_AWAY, INTERNAL_ERROR, NO_CODE, NORMAL, WebSocketError } from '../../transports/websocket-close.js'
import { nothingMoved, watchIdling } from './idle.js'
import { watchPresence } from './presence.js'
import { CLOSING, type RelaySocket, type TargetConnection } from './visitor.js'

export interface BridgeLimits {
  /** How much may wait for the client before we stop reading from the target. */
  readonly highWaterMarkBytes: number
  /** How much a client may be ahead of the target. */
  readonly windowBytes: number
  readonly maxMessageBytes: number
  /** How long nothing may move; 0 for ever. */
  readonly idleTimeoutMs: number
  /** How long an end may take that the other side has to answer. */
  readonly graceMs: number
  /** How long the client may be silent though it is asked; 0 for ever. */
  readonly clientTimeoutMs: number
}

/** Close codes (RFC 6455 §7.4.1) of a client that meant to close. All others cut a stream that had more to say. */
const cleanCodes: readonly number[] = [NORMAL, GOING_AWAY, NO_CODE]
/** The most that is written at once: small, so that a slow target is seen to move. */
const pieceBytes = 64 * 1024

/** Owns both connections from the start, and closes both. */
export class Bridge {
  /** Fulfilled when both connections are closed, with what ended the tunnel, in words. */
  readonly ended: Promise<string>
  readonly #socket: RelaySocket
  readonly #client: WebSocketTransport
  readonly #target: TargetConnection
  readonly #limits: BridgeLimits
  readonly #targetReader: ReadableStreamDefaultReader<Uint8Array>
  #relaying: Promise<void> = Promise.resolve()
  /** We wait for the target to say something. */
  #listening = false
  #bytesToTarget = 0
  #bytesToClient = 0
  #clientEnded = false
  #targetEnded = false
  /** The client's stream was cut. */
  #cut = false
  /** The tunnel is ending: a failure says nothing new. */
  #ending = false
  #result: string | undefined

  constructor(socket: RelaySocket, target: TargetConnection, limits: BridgeLimits) {
    const { highWaterMarkBytes, windowBytes, maxMessageBytes, clientTimeoutMs } = limits
    this.#socket = socket
    const options = { highWaterMarkBytes, windowBytes, maxBufferedBytes: windowBytes, maxMessageBytes }
    this.#client = takeWebSocket(socket, { role: 'server', ...options })
    this.#target = target
    this.#limits = limits
    this.#targetReader = target.readable.getReader()
    const delivered = this.#fromClient()
    this.#relaying = this.#fromTarget()
    const stopWatching = watchPresence(socket, clientTimeoutMs)
    const stopIdling = watchIdling(limits.idleTimeoutMs, () => this.#bytesToClient + this.#bytesToTarget, () => {
      this.#close(GOING_AWAY, nothingMoved(limits.idleTimeoutMs))
    })
    const clientClosed = this.#client.closed.then(({ closeCode }) => {
      stopWatching()
      stopIdling()
      return this.#clientClosed(closeCode, delivered)
    })
    this.ended = Promise.all([clientClosed, target.closed]).then(() => this.#result ?? 'closed')
  }

  get bytesToTarget(): number { return this.#bytesToTarget }

  get bytesToClient(): number { return this.#bytesToClient }

  /** Closes the tunnel because the relay goes away; {@link ended} says when it is done. */
  shutDown(): void {
    this.#close(GOING_AWAY, CLOSING)
    const timer = setTimeout(() => this.#socket.terminate?.(), this.#limits.graceMs)
    void this.#client.closed.then(() => clearTimeout(timer))
  }

  async #fromClient(): Promise<void> {
    const reader = this.#client.readable.getReader()
    const writer = this.#target.writable.getWriter()
    for (;;) {
      const read = await reader.read().catch((error: unknown) => this.#clientFailed(error))
      if (!read) return
      try {
        if (read.done) {
          this.#clientEnded = true
          return await writer.close()
        }
        for (let at = 0; at < read.value.byteLength; at += pieceBytes) {
          const piece = read.value.subarray(at, at + pieceBytes)
          await writer.write(piece)
          this.#bytesToTarget += piece.byteLength
        }
      } catch (error) {
        return this.#targetTakesNoMore(error)
      }
    }
  }

  async #fromTarget(): Promise<void> {
    const writer = this.#client.writable.getWriter()
    for (;;) {
      this.#listening = true
      const read = await this.#targetReader.read().catch((error: unknown) => this.#targetFailed(error))
      this.#listening = false
      if (!read) return
      try {
        if (read.done) {
          await writer.close()
          this.#targetEnded = true
          return
        }
        await writer.write(read.value)
        this.#bytesToClient += read.value.byteLength
      } catch {
        return // the client has closed, and that says what comes of the target
      }
    }
  }

  #clientFailed(error: unknown): void {
    this.#cut = true
    if (!(error instanceof WebSocketError)) this.#result ??= `client: ${(error as Error).message}`
  }

  /** What it has said until then still goes to the client, unless the target itself says nothing for a while. */
  async #targetTakesNoMore(error: unknown): Promise<void> {
    let before = -1
    while (!await within(this.#limits.graceMs, this.#relaying) && !(this.#listening && before === this.#bytesToClient)) {
      before = this.#bytesToClient
    }
    this.#targetFailed(error)
  }

  #targetFailed(error: unknown): void {
    if (this.#ending) return
    const { code, message } = error as NodeJS.ErrnoException
    this.#close(INTERNAL_ERROR, `target: ${code ?? message}`)
  }

  /** Gives the tunnel up. */
  #close(code: number, result: string): void {
    if (this.#ending) return
    this.#ending = true
    this.#result ??= result
    this.#client.fail(new Error(result), code, result)
    this.#target.reset()
  }

  async #clientClosed(code: number, delivered: Promise<void>): Promise<void> {
    const clean = cleanCodes.includes(code) && !this.#cut
    if (clean && this.#clientEnded && this.#targetEnded) this.#result ??= 'both directions ended'
    this.#result ??= `${clean ? 'the client closed' : code === ABORTED ? 'the client gave up' : 'the client was lost'} (${code})`
    this.#ending = true
    // Not an ordinary end: it would tell the target that the client had said all it wanted to.
    if (!clean) return this.#target.reset()
    void this.#targetReader.cancel().catch(() => {}) // no client is left to hear the target
    let before = -1
    while (!await within(this.#limits.graceMs, delivered) && before !== this.#bytesToTarget) before = this.#bytesToTarget
    if (!await within(this.#limits.graceMs, this.#target.closed)) this.#target.reset()
  }
}

/** Whether `promise` is fulfilled in time. */
async function within(ms: number, promise: Promise<void>): Promise<boolean> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<boolean>((resolve) => { timer = setTimeout(() => resolve(false), ms) })
  const inTime = await Promise.race([promise.then(() => true), late])
  clearTimeout(timer)
  return inTime
}
