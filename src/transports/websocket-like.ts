// What is used of a WebSocket, whoever made it.

/** What is used of a WebSocket. */
export interface WebSocketLike {
  binaryType: string
  readonly readyState: number
  /** The subprotocol that the server selected; `''` if none. */
  readonly protocol?: string
  /** Absent on edge workers: what waits to be sent cannot be seen there. */
  readonly bufferedAmount?: number
  send(data: Uint8Array<ArrayBuffer>): void
  close(code?: number, reason?: string): void
  // Each kind of WebSocket has event types of its own; what is used of them is checked where it is used.
  addEventListener(type: 'open' | 'close' | 'error' | 'message', listener: (event: any) => void): void
  /** The `ws` package can hold back what arrives. */
  pause?(): void
  resume?(): void
}

export const CONNECTING = 0
export const OPEN = 1
export const CLOSED = 3

/** Whether `value` is a WebSocket of some kind. An RTCDataChannel is much like one, but its state is a word. */
export function isWebSocket(value: object): value is WebSocketLike {
  const socket = value as Partial<WebSocketLike>
  return typeof socket.send === 'function' && typeof socket.readyState === 'number' && typeof socket.addEventListener === 'function'
}
