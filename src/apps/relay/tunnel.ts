// One WebSocket, one TCP connection, and the bytes between them.
//
// A WebSocket has no half-close, and protocols over TCP use one. Here an EMPTY binary message says "this direction has
// ended". From the client it becomes the end of what we send to the target; the target's end becomes an empty message
// to the client. The other direction goes on. After both have ended, the relay closes the WebSocket with 1000.
//
// Back-pressure: whoever is slow makes the relay stop reading from the other, so that what waits here stays bounded.

import type { Socket } from 'node:net'
import type { RawData, WebSocket } from 'ws'
import { linger } from './linger.js'

export interface TunnelLimits {
  /** How much may wait for the client before we stop reading from the target. */
  readonly highWaterMarkBytes: number
  /** How long an end may take that the other side has to answer. */
  readonly graceMs: number
  /** While we do not read from the client, how often to ask whether it is still there. */
  readonly probeMs: number
}

/** Close codes (RFC 6455 §7.4.1) of a client that meant to close. All others cut a stream that had more to say. */
const cleanCodes: readonly number[] = [1000, 1001, 1005]

/** Owns both connections from the start, and closes both. */
export class Tunnel {
  /** Fulfilled when both connections are closed, with what ended the tunnel, in words. */
  readonly ended: Promise<string>
  readonly #client: WebSocket
  readonly #target: Socket
  readonly #limits: TunnelLimits
  #bytesToTarget = 0
  #bytesToClient = 0
  /** Given to the WebSocket, not yet taken by the system. */
  #unsentBytes = 0
  #clientEnded = false
  #targetEnded = false
  /** We have decided to close: what still arrives from the client is dropped. */
  #closing = false
  #result: string | undefined
  #probe: NodeJS.Timeout | undefined

  constructor(client: WebSocket, target: Socket, limits: TunnelLimits) {
    this.#client = client
    this.#target = target
    this.#limits = limits
    const closed = [client, target].map((end) => new Promise((resolve) => end.once('close', resolve)))
    this.ended = Promise.all(closed).then(() => this.#result ?? 'closed')

    client.on('message', (data, isBinary) => this.#fromClient(data, isBinary))
    client.on('error', (error) => { this.#result ??= `client: ${error.message}` }) // its close follows
    client.on('close', (code) => this.#clientClosed(code))
    target.on('data', (chunk) => this.#fromTarget(chunk))
    target.on('end', () => this.#endOfTarget())
    target.on('drain', () => this.#resumeClient())
    target.on('error', (error) => this.#close(1011, `target: ${'code' in error ? error.code : error.message}`))
  }

  get bytesToTarget(): number { return this.#bytesToTarget }

  get bytesToClient(): number { return this.#bytesToClient }

  /** Closes the tunnel because the relay goes away; {@link ended} says when it is done. */
  shutDown(): void {
    this.#close(1001, 'the relay is closing')
    const timer = setTimeout(() => this.#client.terminate(), this.#limits.graceMs)
    this.#client.once('close', () => clearTimeout(timer))
  }

  #fromClient(message: RawData, isBinary: boolean): void {
    if (this.#closing) return
    if (!isBinary) return this.#close(1003, 'binary messages only')
    if (this.#clientEnded) return this.#close(1002, 'a message after the end')
    const bytes = message as Buffer // what ws gives for the binaryType it starts with
    if (bytes.length === 0) return this.#endOfClient()
    this.#bytesToTarget += bytes.length
    if (!this.#target.write(bytes)) this.#pauseClient()
  }

  #endOfClient(): void {
    this.#clientEnded = true
    this.#target.end()
    this.#resumeClient() // a stream that ends has no 'drain', and the client's close is still to come
    this.#closeIfBothEnded()
  }

  #fromTarget(chunk: Buffer): void {
    if (this.#client.readyState !== this.#client.OPEN) return
    this.#bytesToClient += chunk.length
    this.#unsentBytes += chunk.length
    this.#client.send(chunk, { binary: true }, (error) => {
      this.#unsentBytes -= chunk.length
      if (!error && this.#unsentBytes <= this.#limits.highWaterMarkBytes) this.#target.resume()
    })
    if (this.#unsentBytes > this.#limits.highWaterMarkBytes) this.#target.pause()
  }

  #endOfTarget(): void {
    if (this.#client.readyState !== this.#client.OPEN) return
    this.#client.send(Buffer.alloc(0), { binary: true }, (error) => {
      if (error) return
      // Only now, when a slow client has taken everything: a close has a time limit, and would cut the rest.
      this.#targetEnded = true
      this.#closeIfBothEnded()
    })
  }

  #closeIfBothEnded(): void {
    if (this.#clientEnded && this.#targetEnded) this.#close(1000, 'both directions ended')
  }

  #close(code: number, result: string): void {
    this.#result ??= result
    this.#closing = true
    this.#resumeClient() // its answer waits behind what we have not read
    this.#client.close(code, result)
  }

  #clientClosed(code: number): void {
    clearInterval(this.#probe)
    const clean = cleanCodes.includes(code)
    this.#result ??= `${clean ? 'the client closed' : 'the client was lost'} (${code})`
    if (clean) linger(this.#target, this.#limits.graceMs)
    // A reset, because an ordinary end would tell the target that the client had said all it wanted to.
    else if (!this.#target.destroyed) this.#target.resetAndDestroy()
  }

  #pauseClient(): void {
    if (this.#probe) return
    this.#client.pause()
    // Who does not read does not learn that the other has gone; who writes does.
    this.#probe = setInterval(() => this.#client.ping(), this.#limits.probeMs)
  }

  #resumeClient(): void {
    clearInterval(this.#probe)
    this.#probe = undefined
    this.#client.resume()
  }
}
