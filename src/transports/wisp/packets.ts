// Wisp's packets, to bytes and back: https://github.com/MercuryWorkshop/wisp-protocol. A message of the WebSocket is
// one packet: its type, the number of a stream, and a payload. Integers are little-endian, texts UTF-8 without an end.

import { utf8 } from '../../base/bytes.js'

export const CONNECT = 0x01
export const DATA = 0x02
export const CONTINUE = 0x03
export const CLOSE = 0x04
export const INFO = 0x05

export const TCP = 0x01
export const UDP = 0x02

/** Type and stream number. */
export const HEADER_BYTES = 5
/** Numbers of streams are 32 bits wide. 0 is the connection itself. */
export const MAX_STREAM_ID = 0xffff_ffff
/** What DNS has room for, and more than any address needs. */
const MAX_HOST_BYTES = 255

export type Packet =
  | { readonly type: typeof CONNECT; readonly streamId: number; readonly streamType: number; readonly host: string; readonly port: number }
  | { readonly type: typeof DATA; readonly streamId: number; readonly bytes: Uint8Array }
  | { readonly type: typeof CONTINUE; readonly streamId: number; readonly packets: number }
  | { readonly type: typeof CLOSE; readonly streamId: number; readonly reason: number }
  | { readonly type: typeof INFO; readonly streamId: number; readonly info: Info }
  /** Of an extension that we do not know: to be passed over. */
  | { readonly type: 'unknown'; readonly streamId: number }
  /** Cut short, or with something in it that cannot be. `streamId` is undefined if not even that could be read. */
  | { readonly type: 'malformed'; readonly streamId: number | undefined; readonly why: string }

/** What each side says of itself in version 2. */
export interface Info {
  readonly major: number
  readonly minor: number
  readonly extensions: readonly Extension[]
}

export interface Extension {
  readonly id: number
  readonly payload: Uint8Array
}

const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Reads one message. Never throws. Bytes are views of the message, not copies. */
export function parsePacket(message: Uint8Array): Packet {
  if (message.byteLength < HEADER_BYTES) return { type: 'malformed', streamId: undefined, why: 'a packet shorter than its header' }
  const view = new DataView(message.buffer, message.byteOffset, message.byteLength)
  const streamId = view.getUint32(1, true)
  const malformed = (why: string): Packet => ({ type: 'malformed', streamId, why })
  const payload = message.subarray(HEADER_BYTES)
  switch (view.getUint8(0)) {
    case CONNECT: {
      if (payload.byteLength < 4) return malformed('a CONNECT without a host')
      if (payload.byteLength > 3 + MAX_HOST_BYTES) return malformed('a CONNECT whose host is too long')
      const host = decode(payload.subarray(3))
      // Nothing that could change its meaning where it is printed or passed on.
      if (host === undefined || /[\u0000-\u0020\u007f-\u009f]/.test(host)) return malformed('a CONNECT whose host is not a name')
      const port = view.getUint16(HEADER_BYTES + 1, true)
      if (port === 0) return malformed('a CONNECT to port 0')
      return { type: CONNECT, streamId, streamType: view.getUint8(HEADER_BYTES), host, port }
    }
    case DATA:
      return { type: DATA, streamId, bytes: payload }
    case CONTINUE:
      if (payload.byteLength !== 4) return malformed('a CONTINUE of another length')
      return { type: CONTINUE, streamId, packets: view.getUint32(HEADER_BYTES, true) }
    case CLOSE:
      if (payload.byteLength !== 1) return malformed('a CLOSE of another length')
      return { type: CLOSE, streamId, reason: view.getUint8(HEADER_BYTES) }
    case INFO: {
      const info = parseInfo(payload)
      return info ? { type: INFO, streamId, info } : malformed('an INFO that is cut short')
    }
    default:
      return { type: 'unknown', streamId }
  }
}

function parseInfo(payload: Uint8Array): Info | undefined {
  if (payload.byteLength < 2) return undefined
  const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength)
  const extensions: Extension[] = []
  for (let at = 2; at < payload.byteLength;) {
    if (payload.byteLength - at < 5) return undefined
    const length = view.getUint32(at + 1, true)
    if (length > payload.byteLength - at - 5) return undefined
    extensions.push({ id: view.getUint8(at), payload: payload.subarray(at + 5, at + 5 + length) })
    at += 5 + length
  }
  return { major: payload[0]!, minor: payload[1]!, extensions }
}

/** `undefined` if it is not UTF-8. */
export function decode(bytes: Uint8Array): string | undefined {
  try {
    return text.decode(bytes)
  } catch {
    return undefined
  }
}

/** `host` is 1 to 255 bytes of UTF-8, `port` 1 to 65535: the caller has looked. */
export function connectPacket(streamId: number, host: string, port: number): Uint8Array<ArrayBuffer> {
  const name = utf8(host)
  const packet = header(CONNECT, streamId, 3 + name.byteLength)
  packet[HEADER_BYTES] = TCP
  new DataView(packet.buffer).setUint16(HEADER_BYTES + 1, port, true)
  packet.set(name, HEADER_BYTES + 3)
  return packet
}

/** Copies `bytes`. */
export function dataPacket(streamId: number, bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const packet = header(DATA, streamId, bytes.byteLength)
  packet.set(bytes, HEADER_BYTES)
  return packet
}

export function continuePacket(streamId: number, packets: number): Uint8Array<ArrayBuffer> {
  const packet = header(CONTINUE, streamId, 4)
  new DataView(packet.buffer).setUint32(HEADER_BYTES, packets, true)
  return packet
}

export function closePacket(streamId: number, reason: number): Uint8Array<ArrayBuffer> {
  const packet = header(CLOSE, streamId, 1)
  packet[HEADER_BYTES] = reason
  return packet
}

/** An INFO is the connection's: stream 0. */
export function infoPacket({ major, minor, extensions }: Info): Uint8Array<ArrayBuffer> {
  const packet = header(INFO, 0, 2 + extensions.reduce((sum, { payload }) => sum + 5 + payload.byteLength, 0))
  const view = new DataView(packet.buffer)
  packet[HEADER_BYTES] = major
  packet[HEADER_BYTES + 1] = minor
  let at = HEADER_BYTES + 2
  for (const { id, payload } of extensions) {
    packet[at] = id
    view.setUint32(at + 1, payload.byteLength, true)
    packet.set(payload, at + 5)
    at += 5 + payload.byteLength
  }
  return packet
}

function header(type: number, streamId: number, payloadBytes: number): Uint8Array<ArrayBuffer> {
  const packet = new Uint8Array(HEADER_BYTES + payloadBytes)
  packet[0] = type
  new DataView(packet.buffer).setUint32(1, streamId, true)
  return packet
}
