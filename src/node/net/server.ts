// net.Server where nothing can listen: connections are given to it by hand, server.emit('connection', duplex), as tls.Server takes them.

import { EventEmitter } from '#node'
import { unavailable } from './connect-arguments.js'

type Listener = (socket: never) => void

/** A function and not a class, as in Node, so that others can inherit from it: tls.Server calls it on an object of its own. */
export const Server = function (this: unknown, options?: object | Listener, listener?: Listener) {
  if (!(this instanceof Server)) return new Server(options, listener)
  EventEmitter.call(this as EventEmitter)
  const onConnection = typeof options === 'function' ? options : listener
  if (onConnection) (this as EventEmitter).on('connection', onConnection as () => void)
  return this
} as unknown as {
  new (options?: object | Listener, listener?: Listener): EventEmitter & Listens
  (options?: object | Listener, listener?: Listener): EventEmitter & Listens
  readonly prototype: EventEmitter & Listens
}
Object.setPrototypeOf(Server.prototype, EventEmitter.prototype)
Object.setPrototypeOf(Server, EventEmitter)

/** What a server has beside its events. Nothing listens here: connections are given by `server.emit('connection', duplex)`. */
export interface Listens {
  /** `false`. */
  readonly listening: boolean
  /** Throws `ERR_FEATURE_UNAVAILABLE_ON_PLATFORM`. */
  listen(): never
  /** `null`. */
  address(): null
  /** Calls `callback` with `ERR_SERVER_NOT_RUNNING`. */
  close(callback?: (error?: Error) => void): unknown
  /** Does nothing. */
  ref(): unknown
  /** Does nothing. */
  unref(): unknown
}

const methods: Omit<Listens, 'listening'> & ThisType<EventEmitter> = {
  listen: () => { throw nothingListens('server.listen()') },
  address: () => null,
  close(callback) {
    const error = Object.assign(new Error('Server is not running.'), { code: 'ERR_SERVER_NOT_RUNNING' })
    if (callback) queueMicrotask(() => callback(error))
    return this
  },
  ref() { return this },
  unref() { return this },
}
for (const [name, value] of Object.entries(methods)) {
  Object.defineProperty(Server.prototype, name, { value, configurable: true, writable: true })
}
Object.defineProperty(Server.prototype, 'listening', { value: false, configurable: true, writable: true })

/** Throws `ERR_FEATURE_UNAVAILABLE_ON_PLATFORM`. */
export function createServer(_options?: unknown, _listener?: unknown): never {
  throw nothingListens('net.createServer()')
}

function nothingListens(what: string): Error {
  return unavailable(what, "give connections to a server by server.emit('connection', duplex)")
}
