// The three forms in which a client may speak to a relay, as little of each as a client needs.

import { Buffer } from 'node:buffer'

export type Form = 'raw' | 'credit' | 'Wisp'

export interface Place {
  readonly host: string
  readonly port: number
}

/** What a client may do with its WebSocket. */
export interface Sender {
  /** How much it may send: bytes, or with Wisp packets. */
  allowance: number
  send(message: Buffer): void
}

export interface Wire {
  /** A message with the next bytes. */
  wrap(piece: Buffer): Buffer
  /** Hears a message; the bytes of the stream in it. */
  hear(message: Buffer): number
}

/** Subprotocol to offer, if any. */
export const subprotocols: Readonly<Record<Form, string | undefined>> = { raw: 'binary', credit: 'libssl-wasm.credit.v1', Wisp: undefined }

const WINDOW_BYTES = 256 * 1024

export const wires: Readonly<Record<Form, (sender: Sender, target: Place) => Wire>> = {
  raw(sender) {
    sender.allowance = Infinity
    return { wrap: (piece) => piece, hear: (message) => message.byteLength }
  },

  /** docs/credit-window.md */
  credit(sender) {
    let greeted = false
    let owed = 0
    const grant = (bytes: number) => sender.send(Buffer.of(1, bytes >>> 24, bytes >>> 16, bytes >>> 8, bytes))
    return {
      wrap(piece) {
        sender.allowance -= piece.byteLength
        return Buffer.concat([Buffer.of(0), piece])
      },
      hear(message) {
        if (message[0] === 1) {
          sender.allowance += message.readUInt32BE(1) + (greeted ? 0 : WINDOW_BYTES)
          if (!greeted) grant(0)
          greeted = true
        }
        if (message[0] !== 0) return 0
        owed += message.byteLength - 1
        if (owed >= WINDOW_BYTES / 2) {
          grant(owed)
          owed = 0
        }
        return message.byteLength - 1
      },
    }
  },

  /** Version 1, with one stream. */
  Wisp(sender, { host, port }) {
    return {
      wrap(piece) {
        sender.allowance--
        return Buffer.concat([wispData(1), piece])
      },
      hear(message) {
        if (message[0] === 2) return message.byteLength - 5
        if (message[0] !== 3) return 0
        if (message.readUInt32LE(1) === 0) sender.send(wispConnect(1, { host, port }))
        sender.allowance = message.readUInt32LE(5)
        return 0
      },
    }
  },
}

export function wispConnect(streamId: number, { host, port }: Place): Buffer {
  return Buffer.concat([wispHead(1, streamId), Buffer.of(1, port, port >>> 8), Buffer.from(host)])
}

export const wispData = (streamId: number) => wispHead(2, streamId)
export const wispClose = (streamId: number) => Buffer.concat([wispHead(4, streamId), Buffer.of(2)])

function wispHead(type: number, streamId: number): Buffer {
  return Buffer.of(type, streamId, streamId >>> 8, streamId >>> 16, streamId >>> 24)
}
