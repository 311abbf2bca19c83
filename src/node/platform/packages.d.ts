// The package `readable-stream` has Node's own interface, and brings no types.

declare module 'readable-stream' {
  export { addAbortSignal, Duplex, type DuplexOptions, Readable, Transform, Writable } from 'node:stream'
}
