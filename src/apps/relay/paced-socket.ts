// A client's connection as `ws` is given it: in one turn of the event loop only a limited part of the bytes that have come, and the rest in
// later turns, so that other clients have theirs. When the connection is lost, the bytes that are left are dropped.

import type { Socket } from 'node:net'
import { Duplex } from 'node:stream'

/** Frames of a client in one turn: small ones cost time beside their bytes. */
const FRAMES = 16
const BYTES = 64 * 1024

type Done = (error?: Error | null) => void

export class PacedSocket extends Duplex {
  readonly #socket: Socket
  readonly #frames = new Frames()
  /** What has come, and was not given yet. */
  #rest: Buffer
  #wanted = false
  #ended = false
  /** What may still be given in this turn. */
  #framesLeft = FRAMES
  #bytesLeft = BYTES
  #turn: NodeJS.Immediate | undefined

  /** Takes the socket over. `head`: what has come already. */
  constructor(socket: Socket, head: Buffer) {
    super({ readableHighWaterMark: 1 }) // what waits, waits here
    this.#socket = socket
    this.#rest = head
    socket.on('data', (chunk: Buffer) => {
      this.#rest = this.#rest.byteLength > 0 ? Buffer.concat([this.#rest, chunk]) : chunk
      this.#give()
    })
    socket.on('end', () => {
      this.#ended = true
      this.#give()
    })
    socket.on('error', () => {}) // its close says enough
    socket.on('close', () => this.destroy())
  }

  override _read(): void {
    this.#wanted = true
    this.#give()
  }

  #give(): void {
    while (this.#wanted && this.#rest.byteLength > 0 && this.#framesLeft > 0 && this.#bytesLeft > 0) {
      const [bytes, frames] = this.#frames.measure(this.#rest.subarray(0, this.#bytesLeft), this.#framesLeft)
      const piece = this.#rest.subarray(0, bytes)
      this.#rest = this.#rest.subarray(bytes)
      this.#framesLeft -= frames
      this.#bytesLeft -= bytes
      this.#turn ??= setImmediate(() => this.#nextTurn())
      this.#wanted = this.push(piece)
    }
    if (this.#rest.byteLength > 0 || !this.#wanted) return void this.#socket.pause()
    this.#socket.resume()
    if (!this.#ended) return
    this.#ended = false
    this.push(null)
  }

  #nextTurn(): void {
    this.#turn = undefined
    this.#framesLeft = FRAMES
    this.#bytesLeft = BYTES
    this.#give()
  }

  override _write(chunk: Buffer, _encoding: string, done: Done): void {
    this._writev([{ chunk }], done)
  }

  override _writev(chunks: readonly { readonly chunk: Buffer }[], done: Done): void {
    let told = false
    const tell: Done = (error) => {
      if (!told) done(error)
      told = true
    }
    this.#socket.cork()
    for (const [index, { chunk }] of chunks.entries()) this.#socket.write(chunk, index === chunks.length - 1 ? tell : undefined)
    this.#socket.uncork()
    if (this.#socket.writableLength === 0) tell() // at once: what this stream holds is `bufferedAmount`
  }

  override _final(done: Done): void {
    this.#socket.end(done)
  }

  override _destroy(error: Error | null, done: Done): void {
    clearImmediate(this.#turn)
    this.#socket.destroy()
    done(error)
  }
}

/** Finds where the frames of a WebSocket end (RFC 6455 §5.2). Nothing but their length is looked at: what is wrong with them, `ws` says. */
class Frames {
  /** As much as has come of a frame's head. */
  readonly #head: number[] = []
  /** What is still to come of the payload of the frame that has begun. */
  #payloadBytes = 0

  /** How many of the next bytes belong to the first `most` frames that end in them, or to one that does not; and how many frames end. */
  measure(next: Uint8Array, most: number): [bytes: number, frames: number] {
    let bytes = 0
    let frames = 0
    while (bytes < next.byteLength && frames < most) {
      if (this.#payloadBytes === 0) {
        this.#head.push(next[bytes++]!)
        const payloadBytes = payloadBytesOf(this.#head)
        if (payloadBytes === undefined) continue
        this.#payloadBytes = payloadBytes
        this.#head.length = 0
      }
      const step = Math.min(this.#payloadBytes, next.byteLength - bytes)
      bytes += step
      this.#payloadBytes -= step
      if (this.#payloadBytes === 0) frames++
    }
    return [bytes, frames]
  }
}

/** Undefined while the head is not whole. */
function payloadBytesOf(head: readonly number[]): number | undefined {
  const [, second] = head
  if (second === undefined) return undefined
  const short = second & 0x7f
  const end = 2 + (short < 126 ? 0 : short === 126 ? 2 : 8)
  if (head.length < end + (second & 0x80 ? 4 : 0)) return undefined // with the mask
  return end === 2 ? short : head.slice(2, end).reduce((value, byte) => value * 256 + byte, 0)
}
