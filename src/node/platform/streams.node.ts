// Node, Deno, Bun and edge workers: their own streams.

export { Buffer } from 'node:buffer'
export { EventEmitter } from 'node:events'
export { addAbortSignal, Duplex, type DuplexOptions } from 'node:stream'
