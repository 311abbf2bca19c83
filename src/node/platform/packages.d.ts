// The package `readable-stream` has Node's own interface, and brings no types.

declare module 'readable-stream' {
  export * from 'node:stream'
}
