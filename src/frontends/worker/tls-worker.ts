// OpenSSL in a worker, so that neither its work nor its memory is the page's.

import { spawn } from '#worker'
import { ApiMisuseError, InternalError } from '../../base/errors.js'
import { invalid, ownOptions } from '../../base/options.js'
import { hasMethods } from '../../base/realms.js'
import type { WasmCode } from '../../loader/load-module.js'
import { takeOver, type TransportLike } from '../../transports/adapt.js'
import type { AcceptOptions, CommonOptions, ConnectOptions } from '../options.js'
import { streamLimits } from '../stream-limits.js'
import type { TlsContext } from '../tls-context.js'
import { Connection } from '../whatwg/connection.js'
import type { TlsConnection } from '../whatwg/tls-connection.js'
import type { Begin } from './protocol.js'
import type { ContextReceiver, FreeContext } from './posted-context.js'
import { RemoteLife } from './remote-life.js'
import type { WorkerLike } from './worker-like.js'

/** Options of {@link createWorker}. */
export interface TlsWorkerOptions {
  /**
   * A worker that runs `libssl-wasm/worker-script` and nothing else, or the URL of that script. Default: found beside this
   * package, as bundlers find it: `new Worker(new URL('./main.js', import.meta.url), { type: 'module' })`. A page that
   * has an import map and no bundler must give one that is bundled: import maps do not reach into workers.
   */
  readonly worker?: WorkerLike | URL | string | undefined
  /** The WebAssembly code, where the worker cannot find it itself. */
  readonly wasm?: WasmCode | undefined
}

const TERMINATED = 'the worker was terminated'
const ADVICE = "see docs/bundlers.md of libssl-wasm, and the browser's console"

/** Options of a connection; an instance of libssl is the worker's own business. */
export type Remote<Options extends CommonOptions> = Omit<Options, 'libssl'>

/** A worker that makes connections; each has an instance of libssl of its own in it. */
export interface TlsWorker {
  /**
   * As `connect` of `libssl-wasm`, with the same options but for `libssl`, and the same errors. The worker checks most options, so
   * that one that is refused fails `opened` and `closed`, and ends the transport, before anything is sent. The transport stays on
   * this side. A write settles when 64 KiB at most are on their way to the worker. Callbacks are called here, a little later
   * than the events they report.
   */
  connect(transport: TransportLike, options: Remote<ConnectOptions>): TlsConnection
  /** As `accept` of `libssl-wasm`, with the same differences. */
  accept(transport: TransportLike, options: Remote<AcceptOptions>): TlsConnection
  /**
   * Ends the worker. Connections that are still there break with an `AbortError`; later calls throw
   * `ERR_TLS_INVALID_STATE`. Until then Node's process stays alive for it.
   */
  terminate(): void
}

/**
 * Starts a worker. If it dies, its connections break with `InternalError` (`ERR_TLS_INTERNAL`), `cause` being its
 * error; later calls throw the same error.
 */
export function createWorker({ worker: given, wasm }: TlsWorkerOptions = {}): TlsWorker {
  const isWorker = (value: typeof given): value is WorkerLike => hasMethods(value, 'postMessage')
  const worker = isWorker(given) ? given : spawn(given)
  const lives = new Set<RemoteLife>()
  const contexts: ContextReceiver = {
    ids: new WeakMap(),
    lastId: 0,
    free: (id) => worker.postMessage({ type: 'free context', id } satisfies FreeContext, []),
    forgets: new Set(),
  }
  /** What later connections are refused with. */
  let dead: { readonly reason: unknown } | undefined

  const end = (reason: unknown, later = reason) => {
    if (dead) return
    dead = { reason: later }
    for (const forget of contexts.forgets) forget()
    void worker.terminate()
    for (const life of lives) life.die(reason)
  }
  const failed = (message: string, cause?: Error) => end(new InternalError('ERR_TLS_INTERNAL', message, cause && { cause }))
  const script = given === undefined || isWorker(given) ? '' : ` ${given}` // bundlers know where the one is that they have made
  const died = (cause: Error) => failed(`the worker has ended: ${cause.message}`, cause)
  if (worker.addEventListener) {
    worker.addEventListener('error', (event: ErrorEvent) => {
      event.preventDefault() // the connections tell; Deno would end the process
      // Of a script that it cannot load, or not whole, a browser says nothing.
      if (event.message === undefined) failed(`cannot load the worker's script${script}, or one that it imports; ${ADVICE}`)
      else died(event.error ?? new Error(event.message))
    })
  } else {
    worker.on!('error', died)
    worker.on!('exit', (code: number) => died(new Error(`it exited with code ${code}`)))
  }

  const begin = (type: Begin['type'], transport: TransportLike, given: CommonOptions): TlsConnection => takeOver(transport, (taken) => {
    const options = checkedHere(type, given)
    if (dead) throw dead.reason
    const life = new RemoteLife(type, taken, options, (message, transfer) => {
      const begin: Begin = { ...message, wasm, context: options.context?.describe(contexts) }
      worker.postMessage(begin, transfer)
    })
    lives.add(life)
    const forget = () => lives.delete(life)
    life.closed.then(forget, forget)
    return new Connection(life, options)
  })
  return {
    connect: (transport, options) => begin('connect', transport, options),
    accept: (transport, options) => begin('accept', transport, options),
    terminate: () => end(new DOMException(TERMINATED, 'AbortError'), new ApiMisuseError('ERR_TLS_INVALID_STATE', TERMINATED)),
  }
}

/** Copies `given`, and checks the options that the page itself uses. The worker has the code that checks the others. */
function checkedHere(type: Begin['type'], given: CommonOptions): CommonOptions {
  const options = ownOptions(given, `${type}()`)
  for (const [name, check] of Object.entries(streamLimits)) {
    const value = options[name as keyof CommonOptions]
    const wrong = value === undefined ? undefined : check(value)
    if (wrong !== undefined) throw invalid(name, wrong)
  }
  const { context } = options
  if (context !== undefined && !isContext(context)) throw invalid('context', 'must be what createContext() gave')
  context?.optionsFor(type === 'connect' ? 'client' : 'server')
  return options
}

/** Of any copy of this package: only its options cross. */
function isContext(value: unknown): value is TlsContext {
  return hasMethods(value, 'optionsFor', 'describe')
}
