// What the relay uses of the edge runtime beyond the web platform.

declare module 'cloudflare:sockets' {
  /** `address` is `host:port`. */
  export function connect(
    address: string, options?: { allowHalfOpen?: boolean },
  ): import('../../transports/cloudflare.js').CloudflareSocketLike
}

/** Two WebSockets back to back: one for the response, one for the worker. */
declare class WebSocketPair {
  readonly 0: WebSocket
  readonly 1: WebSocket & { accept(): void }
}

interface ResponseInit {
  webSocket?: WebSocket
}
