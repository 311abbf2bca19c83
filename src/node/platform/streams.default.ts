// Browsers: the streams of Node as a package, with what these stand on.

export { Buffer } from 'buffer'
export { EventEmitter } from 'events'
export { addAbortSignal, Duplex, type DuplexOptions } from 'readable-stream'
