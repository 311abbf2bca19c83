// A WebSocket, of a browser, a runtime or a package.

import { whatToCheck, wordsOfPlatform } from '#sockets'
import { invalid } from '../base/options.js'
import { hasMethods } from '../base/realms.js'
import { ABORTED, nameOf, NO_CLOSE, WebSocketError } from './websocket-close.js'

/** What is used of a WebSocket. */
export interface WebSocketLike {
  /** Set to `arraybuffer`. */
  binaryType: string
  /** 0: connecting, 1: open, 2: closing, 3: closed. */
  readonly readyState: number
  /** Named in messages, without what may be secret. */
  readonly url?: string | undefined
  /** The subprotocol that the server selected; `''` if none. */
  readonly protocol?: string | undefined
  /** Absent on edge workers: what waits to be sent cannot be seen there. */
  readonly bufferedAmount?: number | undefined
  /** Sends a message of bytes. */
  send(data: Uint8Array<ArrayBuffer>): void
  /** Closes it. */
  close(code?: number, reason?: string): void
  // Each kind of WebSocket has event types of its own; what is used of them is checked where it is used.
  /** Tells a function of its events. */
  addEventListener(type: 'open' | 'close' | 'error' | 'message', listener: (event: any) => void): void
  /** The `ws` package can hold back what arrives. */
  pause?(): void
  /** Lets it come again. */
  resume?(): void
}

export const CONNECTING = 0
export const OPEN = 1
export const CLOSED = 3

/** Whether `value` is a WebSocket of some kind. An RTCDataChannel is much like one, but its state is a word. */
export function isWebSocket(value: object): value is WebSocketLike {
  return hasMethods(value, 'send', 'addEventListener') && typeof value['readyState'] === 'number'
}

/** Any WebSocket class; what it makes is looked at when it is made. */
export type WebSocketConstructor = new (url: string, protocols: string[]) => any

/** `given`, else the platform's own. Throws `ERR_TLS_INVALID_OPTION` where there is none. */
export function webSocketClass(given: WebSocketConstructor | undefined): WebSocketConstructor {
  const found = given ?? (globalThis as { WebSocket?: WebSocketConstructor }).WebSocket
  if (!found) throw invalid('WebSocket', 'must be given, as this platform has none of its own: on Node 20, that of the ws package')
  return found
}

/** What a WebSocket leads to, for messages. */
export function reachOf({ url }: { readonly url?: string | undefined }): string {
  return url ? withoutSecrets(url) : 'the WebSocket'
}

/** A URL for messages: user name, password and query may be secrets. It takes whatever a WebSocket of any kind calls its URL. */
export function withoutSecrets(url: string): string {
  return url.replace(/[?#].*$/s, '').replace(/\/\/[^/]*@/, '//')
}

/** In the place of an event that has been: so Chromium gives a WebSocket that the page's policy forbids. */
export const ALREADY_CLOSED = { message: 'it is closed already' }

/** What an `error` event says. A browser tells a page nothing of a WebSocket that did not open, so all that it may be is named. */
export function failureOf(
  { error, message }: { error?: unknown; message?: unknown },
  { reach, url = '', opened }: { reach: string; url?: string | undefined; opened: boolean },
): WebSocketError {
  const told = typeof message === 'string' ? message.replace(/[.\s]+$/, '') : ''
  const words = wordsOfPlatform(told)
  const said = words && `: ${url ? words.replaceAll(url, withoutSecrets(url)) : words}`
  const what = opened ? `${nameOf(reach)} failed${said}` : `cannot reach ${reach}${said}. ${CHECK}${whatToCheck()}`
  return new WebSocketError(what, NO_CLOSE, '', undefined, { cause: error })
}

const CHECK = 'Check the scheme (ws: or wss:), that the relay runs, allows this target (--allow)'

/** Closes with a code of ours where the platform keeps the others for itself, as browsers do. */
export function closeWebSocket(socket: WebSocketLike, code: number, reason: string): void {
  try {
    socket.close(code, reason)
  } catch {
    socket.close(ABORTED, reason)
  }
}
