// What is used of a worker's modules.

declare module 'cloudflare:sockets' {
  interface Socket {
    readonly readable: ReadableStream<Uint8Array>
    readonly writable: WritableStream<Uint8Array>
    readonly opened: Promise<unknown>
    readonly closed: Promise<void>
    close(): Promise<void>
  }
  export function connect(address: { hostname: string; port: number }, options?: { allowHalfOpen?: boolean; secureTransport?: 'on' | 'off' | 'starttls' }): Socket
}
