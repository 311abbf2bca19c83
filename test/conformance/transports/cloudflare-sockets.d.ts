// What is used of the edge runtime's own module.

declare module 'cloudflare:sockets' {
  interface Socket {
    readonly readable: ReadableStream<Uint8Array>
    readonly writable: WritableStream<Uint8Array>
    readonly opened: Promise<object>
    readonly closed: Promise<void>
    close(): Promise<void>
    startTls(): Socket
  }
  export function connect(address: { hostname: string; port: number }, options?: { allowHalfOpen?: boolean }): Socket
}
