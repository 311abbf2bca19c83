// Wisp's packets, to bytes and back: https://github.com/MercuryWorkshop/wisp-protocol. A message of the WebSocket is
// one packet: its type, the number of a stream, and a payload. Integers are little-endian, texts UTF-8 without an end.

import { concat, utf8, utf8Text } from '../../base/bytes.js'

export const CONNECT = 0x01
export const DATA = 0x02
export const CONTINUE = 0x03
export const CLOSE = 0x04
export const INFO = 0x05

export const TCP = 0x01
export const UDP = 0x02

/** Type and stream number. */
const HEADER_BYTES = 5
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

export type Extension = { readonly id: number; readonly payload: Uint8Array }

/** Reads one message. Never throws. Bytes are views of the message, not copies. */
export function parsePacket(message: Uint8Array): Packet {
  if (message.byteLength < HEADER_BYTES) return { type: 'malformed', streamId: undefined, why: 'a packet shorter than its header' }
  const type = message[0]!
  const streamId = unsigned(message.subarray(1, HEADER_BYTES))
  const read = readers[type]
  if (!read) return { type: 'unknown', streamId }
  const fields = read(message.subarray(HEADER_BYTES))
  return typeof fields === 'string' ? { type: 'malformed', streamId, why: fields } : { type, streamId, ...fields } as Packet
}

/** Readers of the payload of each type. A text says that it is malformed, and how. */
const readers: Readonly<Record<number, (payload: Uint8Array) => object | string>> = {
  [CONNECT](payload) {
    if (payload.byteLength < 4) return 'a CONNECT without a host'
    if (payload.byteLength > 3 + MAX_HOST_BYTES) return 'a CONNECT whose host is too long'
    const host = utf8Text(payload.subarray(3))
    // Nothing that could change its meaning where it is printed or passed on.
    if (host === undefined || /[\u0000-\u0020\u007f-\u009f]/.test(host)) return 'a CONNECT whose host is not a name'
    const port = unsigned(payload.subarray(1, 3))
    return port === 0 ? 'a CONNECT to port 0' : { streamType: payload[0], host, port }
  },
  [DATA]: (bytes) => ({ bytes }),
  [CONTINUE]: (payload) => (payload.byteLength === 4 ? { packets: unsigned(payload) } : 'a CONTINUE of another length'),
  [CLOSE]: (payload) => (payload.byteLength === 1 ? { reason: payload[0] } : 'a CLOSE of another length'),
  [INFO](payload) {
    const extensions: Extension[] = []
    for (let rest = payload.subarray(2); rest.byteLength > 0;) {
      const end = 5 + unsigned(rest.subarray(1, 5))
      if (end > rest.byteLength) return 'an INFO that is cut short'
      extensions.push({ id: rest[0]!, payload: rest.subarray(5, end) })
      rest = rest.subarray(end)
    }
    return payload.byteLength < 2 ? 'an INFO that is cut short' : { info: { major: payload[0], minor: payload[1], extensions } }
  },
}

/** `host` is 1 to 255 bytes of UTF-8, `port` 1 to 65535: the caller has looked. */
export const connectPacket = (streamId: number, host: string, port: number) =>
  packet(CONNECT, streamId, Uint8Array.of(TCP), integer(2, port), utf8(host))
/** Copies `bytes`. */
export const dataPacket = (streamId: number, bytes: Uint8Array) => packet(DATA, streamId, bytes)
export const continuePacket = (streamId: number, packets: number) => packet(CONTINUE, streamId, integer(4, packets))
export const closePacket = (streamId: number, reason: number) => packet(CLOSE, streamId, Uint8Array.of(reason))
/** An INFO is the connection's: stream 0. */
export const infoPacket = ({ major, minor, extensions }: Info) => packet(INFO, 0, Uint8Array.of(major, minor), ...extensions.flatMap(
  ({ id, payload }) => [Uint8Array.of(id), integer(4, payload.byteLength), payload],
))

function packet(type: number, streamId: number, ...payload: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  return concat([Uint8Array.of(type), integer(4, streamId), ...payload])
}

/** The bytes of an unsigned integer. */
export function integer(byteLength: number, value: number): Uint8Array {
  return Uint8Array.from({ length: byteLength }, (_, at) => value >>> 8 * at)
}

/** The unsigned integer that these bytes are. */
export function unsigned(bytes: Uint8Array): number {
  let value = 0
  for (let at = bytes.byteLength; at > 0;) value = value * 256 + bytes[--at]!
  return value
}
