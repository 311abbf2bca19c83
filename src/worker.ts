// `libssl-wasm/worker`: connections whose OpenSSL is in a worker.

export * from './base/errors.js'
export type { AcceptOptions, ConnectOptions } from './frontends/options.js'
export { X509, type X509Attribute, type X509KeyUsage, type X509Names } from './core/x509.js'
export type { ConnectionInfo } from './frontends/connection-info.js'
export type { TlsConnection } from './frontends/whatwg/tls-connection.js'
export { createWorker, type Remote, type TlsWorker, type TlsWorkerOptions } from './frontends/worker/tls-worker.js'
export type { WorkerLike } from './frontends/worker/worker-like.js'
