// An RTCDataChannel as a transport: between browsers, with no server in the data's way. Each binary message is a piece
// of the byte stream; where messages begin and end means nothing. A channel has no half-close, so an empty message says
// "this direction has ended", and a close before it cuts the stream. A few texts go beside:
//
// - `ready`: the end that says it hears us. It is said once the channel is open, and once more when the other's is first heard.
//   Chromium loses what the answering end of a connection sends too early, so that end waits for it.
// - `ended`: both directions have ended, and all has come. The end that hears it closes the channel; a close before that may
//   overtake bytes that are under way.
// - `aborted`: Firefox tells of a close only when all has been sent that waits, and of this at once.

import { isBytesLike, viewOf } from '../base/bytes.js'
import { checkOptions, each, invalidArgument, isCount } from '../base/options.js'
import { hasMethods } from '../base/realms.js'
import type { ByteTransport } from '../pump/transport.js'
import { StreamEnds, tooMuchUnread } from './stream-ends.js'

/** What is used of an RTCDataChannel. */
export interface DataChannelLike {
  /** Set to `arraybuffer`. */
  binaryType: string
  /** Set to half of `highWaterMarkBytes`. */
  bufferedAmountLowThreshold: number
  /** Whether it can be used. */
  readonly readyState: 'connecting' | 'open' | 'closing' | 'closed'
  /** How many bytes wait to be sent. */
  readonly bufferedAmount: number
  /** Must be `true`. */
  readonly ordered: boolean
  /** Must be `null`: a channel that gives up loses bytes. */
  readonly maxRetransmits: number | null
  /** Must be `null`, as `maxRetransmits`. */
  readonly maxPacketLifeTime: number | null
  /** Sends a message of bytes. */
  send(data: Uint8Array<ArrayBuffer>): void
  /** Sends a message of text. */
  send(text: string): void
  /** Closes it. */
  close(): void
  /** Tells a function of its events. */
  addEventListener(type: 'open' | 'message' | 'bufferedamountlow' | 'error' | 'close', listener: (event: any) => void): void
}

const READY = 'ready'
const ENDED = 'ended'
const ABORTED = 'aborted'

/** Options of {@link fromDataChannel}. */
export interface DataChannelTransportOptions {
  /** Above this much that waits to be sent, a write waits. Default 256 KiB. */
  readonly highWaterMarkBytes?: number | undefined
  /** Above this much unread the transport fails, and drops it: what arrives cannot be held back. Default 16 MiB. */
  readonly maxBufferedBytes?: number | undefined
  /** The longest message to send; `RTCPeerConnection.sctp.maxMessageSize` tells. Default 64 KiB, which all take (RFC 8841 §6.1). */
  readonly maxMessageBytes?: number | undefined
}

/** Whether `value` is an RTCDataChannel. */
export function isDataChannel(value: object): value is DataChannelLike {
  return hasMethods(value, 'send') && typeof value['bufferedAmountLowThreshold'] === 'number' && typeof value['ordered'] === 'boolean'
}

/**
 * Takes over a channel, open or still connecting; one from a `datachannel` event within that event, for its messages do
 * not wait. Both ends must be fromDataChannel(). Throws `ERR_TLS_INVALID_ARGUMENT` for a channel that may lose or
 * reorder messages, `ERR_TLS_UNKNOWN_OPTION` and `ERR_TLS_INVALID_OPTION` with `option` naming it. Once both directions have
 * ended it is closed.
 */
export function fromDataChannel(channel: DataChannelLike, options: DataChannelTransportOptions = {}): ByteTransport {
  const checks = each(isCount, 'highWaterMarkBytes', 'maxBufferedBytes', 'maxMessageBytes')
  return takeDataChannel(channel, checkOptions(options, checks, 'fromDataChannel'))
}

/** As {@link fromDataChannel}, with options that were checked. */
export function takeDataChannel(channel: DataChannelLike, {
  highWaterMarkBytes = 256 * 1024, maxBufferedBytes = 16 * 1024 * 1024, maxMessageBytes = 64 * 1024,
}: DataChannelTransportOptions = {}): ByteTransport {
  if (!channel.ordered || channel.maxRetransmits !== null || channel.maxPacketLifeTime !== null) {
    throw invalidArgument(
      'the RTCDataChannel may lose or reorder messages: make it without ordered: false, maxRetransmits and maxPacketLifeTime')
  }
  channel.binaryType = 'arraybuffer'
  channel.bufferedAmountLowThreshold = Math.floor(highWaterMarkBytes / 2)
  /** The other end is known to hear us. One that opens under our eyes is the end that asked for it, which need not wait. */
  let heard = channel.readyState === 'connecting'
  let answered = false
  const opened = () => channel.readyState !== 'connecting' && (heard || channel.readyState !== 'open')
  const say = (message: string) => { if (channel.readyState === 'open') channel.send(message) }

  const ends = new StreamEnds({
    async write(chunk) {
      await outgoing.until(opened)
      for (let at = 0; at < chunk.byteLength; at += maxMessageBytes) {
        // Firefox's send() takes bytes for a channel that is closing, and says nothing.
        if (channel.readyState !== 'open') throw new Error('the RTCDataChannel is not open any more')
        channel.send(chunk.subarray(at, at + maxMessageBytes) as Uint8Array<ArrayBuffer>)
        await outgoing.until(() => channel.bufferedAmount <= highWaterMarkBytes)
      }
    },
    async end() {
      await outgoing.until(opened)
      channel.send(new Uint8Array()) // if the peer's end was here first, the peer hears the last word, and says so
    },
    giveUp() {
      say(ABORTED)
      channel.close()
    },
  })
  const { incoming, outgoing } = ends

  channel.addEventListener('bufferedamountlow', () => outgoing.wake())
  channel.addEventListener('open', () => {
    channel.send(READY)
    outgoing.wake()
  })
  channel.addEventListener('message', ({ data }: { data: unknown }) => {
    if (data === READY) {
      heard = true
      if (!answered) say(READY)
      answered = true
      return outgoing.wake()
    }
    if (data === ENDED && ends.peerEnded && outgoing.over) return channel.close()
    if (!isBytesLike(data)) return ends.lost(new Error('the other end of the RTCDataChannel has given up'))
    if (data.byteLength === 0) {
      ends.end()
      if (outgoing.over) say(ENDED)
    }
    incoming.deliver(viewOf(data))
    if (incoming.unreadBytes > maxBufferedBytes) ends.fail(tooMuchUnread(maxBufferedBytes))
  })
  const closed = () => ends.lost(new Error('the RTCDataChannel was closed before its end'))
  channel.addEventListener('error', ({ error }: { error?: unknown }) => ends.lost(new Error('the RTCDataChannel failed', { cause: error })))
  channel.addEventListener('close', closed)
  if (channel.readyState === 'closing' || channel.readyState === 'closed') closed()
  else if (channel.readyState === 'open') channel.send(READY)
  return ends.transport
}
