// A thread whose BIO blocks: its reads and writes sleep until the other thread, which has the socket, did its part.
// SSL_connect and SSL_accept are called once each here, as over a blocking socket in C.

import { parentPort, workerData } from 'node:worker_threads'
import {
  BioCallback, fatalError, load, Ssl, SslCtx, TLS1_2_VERSION, TLS1_3_VERSION, X509Store, type IoResult,
} from '../../src/core.js'
import type { TlsError } from '../../src/base/errors.js'
import { Ring } from './blocking-ring.js'

/** What the worker is to do. */
export interface BlockingJob {
  readonly call: 'connect' | 'accept' | 'doHandshake client' | 'doHandshake server'
  readonly version: 'TLSv1.2' | 'TLSv1.3'
  readonly ca: string
  readonly identity: { readonly cert: string; readonly key: string }
  readonly toWorker: SharedArrayBuffer
  readonly fromWorker: SharedArrayBuffer
  /** Sent once the handshake is done. */
  readonly message: string
  /** How many bytes are awaited in return. */
  readonly replyBytes: number
}

/** What came of it. */
export interface BlockingOutcome {
  readonly handshake: IoResult
  /** How often a read, or a write, found nothing to do and slept. */
  readonly sleeps: { readonly read: number; readonly write: number }
  readonly version: string
  readonly finished: boolean
  readonly error: { readonly name: string; readonly code: string } | undefined
  readonly writes: readonly IoResult[]
  readonly reads: readonly IoResult[]
  readonly reply: string
  readonly shutdowns: readonly IoResult[]
}

/** Sent before the worker goes to sleep. */
export type Doorbell = 'wants to read' | 'wants to write'

const job = workerData as BlockingJob
const port = parentPort!
const toWorker = new Ring(job.toWorker)
const fromWorker = new Ring(job.fromWorker)
const sleeps = { read: 0, write: 0 }

function read(buffer: Uint8Array): number {
  for (;;) {
    const seen = toWorker.signal
    const count = toWorker.read(buffer)
    if (count > 0) return count
    if (toWorker.closed) return 0
    sleeps.read++
    port.postMessage('wants to read' satisfies Doorbell)
    toWorker.sleep(seen)
  }
}

function write(bytes: Uint8Array): number {
  for (;;) {
    const seen = fromWorker.signal
    const count = fromWorker.write(bytes)
    if (count > 0) return count
    sleeps.write++
    port.postMessage('wants to write' satisfies Doorbell)
    fromWorker.sleep(seen)
  }
}

const lib = await load()
const server = job.call === 'accept' || job.call === 'doHandshake server'
const ctx = new SslCtx(lib, server ? 'TLS_server_method' : 'TLS_client_method')
const number = job.version === 'TLSv1.2' ? TLS1_2_VERSION : TLS1_3_VERSION
ctx.setMinProtoVersion(number)
ctx.setMaxProtoVersion(number)
if (server) {
  ctx.useCertificateChain(job.identity.cert)
  ctx.usePrivateKey(job.identity.key)
} else {
  const store = new X509Store(lib)
  store.addCerts(job.ca)
  ctx.set1CertStore(store)
}
const ssl = new Ssl(ctx)
if (!server) ssl.set1Dnsname('localhost')
ssl.setBio(new BioCallback(lib, { read, write }))
if (job.call === 'doHandshake client') ssl.setConnectState()
if (job.call === 'doHandshake server') ssl.setAcceptState()

const handshake = job.call === 'connect' ? ssl.connect() : job.call === 'accept' ? ssl.accept() : ssl.doHandshake()
const during = { ...sleeps }
const writes: IoResult[] = []
const reads: IoResult[] = []
const shutdowns: IoResult[] = []
let reply = ''
let error: TlsError | undefined
if (handshake.ret === 1) {
  writes.push(ssl.write(new TextEncoder().encode(job.message)))
  const buffer = new Uint8Array(1000)
  while (reply.length < job.replyBytes && (reads.at(-1)?.ret ?? 1) > 0) {
    reads.push(ssl.read(buffer))
    reply += new TextDecoder().decode(buffer.subarray(0, Math.max(0, reads.at(-1)!.ret)))
  }
  shutdowns.push(ssl.shutdown(), ssl.shutdown())
} else {
  error = fatalError(ssl, handshake)
}
port.postMessage({
  handshake, sleeps: during, version: ssl.getVersion(), finished: ssl.isInitFinished(),
  error: error && { name: error.name, code: error.code }, writes, reads, reply, shutdowns,
} satisfies BlockingOutcome)
