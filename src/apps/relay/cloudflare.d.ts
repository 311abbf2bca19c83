// What the relay (and tests) use of the edge runtime beyond the web platform.

declare module 'cloudflare:sockets' {
  /** An `address` in one text is `host:port`. */
  export function connect(
    address: string | { hostname: string; port: number },
    options?: { allowHalfOpen?: boolean; secureTransport?: 'on' | 'off' | 'starttls' },
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
