// The package `readable-stream` has Node's own interface, and brings no types.

declare module 'readable-stream' {
  export { addAbortSignal, Duplex, type DuplexOptions } from 'node:stream'
}
