// From options to a life: what each feature makes of them on an SSL_CTX and an SSL, and which SSL_CTX serves more than one connection.

import { asBytes } from '../base/bytes.js'
import { own } from '../base/options.js'
import { BasicSsl } from '../core/basic-ssl.js'
import type { LibSsl } from '../core/lib-ssl.js'
import { BasicSslCtx } from '../core/basic-ssl-ctx.js'
import { Ssl } from '../core/ssl.js'
import type { Decisions } from '../pump/decisions.js'
import type { ByteTransport } from '../pump/transport.js'
import { contentKey, keptByInstance, setUp } from './kept.js'
import { LocalLife } from './life.js'
import {
  checkContextOptions, checkHelloAnswer, client, placeOf, server, type AcceptOptions, type CommonOptions, type ConnectOptions,
  type ContextOptions, type End,
} from './options.js'
import { ClientSessionKeeper } from './sessions/client-session-keeper.js'
import { TlsContext } from './tls-context.js'
import { describeContext } from './worker/sent-contexts.js'

/**
 * Makes a context: options that any number of connections share, for {@link connect}, {@link accept} or both. They are checked
 * and copied at once; certificates, keys and trust anchors are read once, when a connection first needs them. A connection is
 * then given `context` beside the options that are its own: `connect(transport, { context, servername })`.
 *
 * Options that suit neither side throw `ApiMisuseError`. With `libssl`, which `load()` gives, everything is read at once, and what
 * OpenSSL refuses throws as well: a wrong key shows when a server starts. Without it the context loads one instance, which its
 * connections share; `opened` of the first one tells what is refused.
 * @openssl SSL_CTX_new
 */
export function createContext(options: ContextOptions): TlsContext {
  const { checked, suited, refuse } = checkContextOptions(options)
  const context = new TlsContext(checked, refuse, describeContext)
  const { libssl } = checked
  if (!libssl) return context
  return setUp(context, () => {
    if (suited === 'server') useCtx(libssl, server, own(checked, { context }), () => {})
    // The SSL_CTX for connections with a name, if there are anchors to be read: see `variant`.
    else useCtx(libssl, client, own(checked, checked.ca ? { servername: 'any' } : {}, { context }), () => {})
  })
}

/** `options` are checked. Throws as {@link LocalLife}. */
export function beginClient(transport: ByteTransport, options: ConnectOptions): LocalLife {
  const sessions = new ClientSessionKeeper(options)
  return new LocalLife(transport, options, {
    call: 'SSL_connect',
    prepare: (lib) => sessions.prepare(lib),
    answers: client.answers,
    makeSsl: (lib, decisions) => useCtx(lib, client, options, (ctx) => setUp(new BasicSsl(ctx), (ssl) => {
      ssl.setConnectState()
      for (const feature of client.features) feature.setUpSsl?.(ssl, options, decisions)
    })),
    setUp: (ssl, fail) => sessions.setUp(ssl, fail),
    earlyData: () => ({ send: sessions.earlyData }),
    opened: (ssl, fail) => sessions.opened(ssl, fail),
    firstData: options.earlyData && asBytes(options.earlyData),
  })
}

/** As {@link beginClient}. Early data goes to `onEarlyData`, before `opened` settles. */
export function beginServer(transport: ByteTransport, options: AcceptOptions, onEarlyData = (_: Uint8Array<ArrayBuffer>) => {}): LocalLife {
  return new LocalLife(transport, options, {
    call: 'SSL_accept',
    answers: server.answers,
    makeSsl: (lib, decisions) => useCtx(lib, server, options, (ctx) => setUp(new Ssl(ctx), (ssl) => {
      ssl.setAcceptState()
      for (const feature of server.features) feature.setUpSsl?.(ssl, options, decisions)
      askOnClientHello(ssl, options, decisions)
    })),
    earlyData: (accepted) => (options.maxEarlyDataBytes ? { receive: (bytes) => { onEarlyData(bytes); accepted() } } : {}),
  })
}

function askOnClientHello(ssl: Ssl, options: AcceptOptions, decisions: Decisions): void {
  const { onClientHello: ask } = options
  if (!ask) return
  let answered = false // there is a second ClientHello after a HelloRetryRequest: the first answer holds
  ssl.setClientHelloCb(() => {
    if (answered) return 1
    const answer = decisions.ask(() => ask(ssl.getClientHello()))
    if (!answer) return -1
    answered = true
    if (answer.value) change(ssl, checkHelloAnswer(options, answer.value))
    return 1
  })
}

/** Applies other options to this connection. */
function change(ssl: Ssl, options: AcceptOptions): void {
  // A context's own SSL_CTX is for the options as they were.
  useCtx(ssl.lib, server, options.context ? own(options, { libssl: ssl.lib, context: undefined }) : options, (ctx) => {
    ssl.setSslCtx(ctx)
    for (const feature of server.features) feature.changeSsl?.(ssl, options)
  })
}

/** How many an instance keeps for connections without a context, and for answers to a ClientHello. */
const keptOf = keptByInstance<BasicSslCtx>(64)

/**
 * Lends `use` the SSL_CTX for these options: the context's, if there is one; on an instance that is shared, one that served the
 * same options before; else a new one.
 */
function useCtx<T>(lib: LibSsl, end: End, options: CommonOptions, use: (ctx: BasicSslCtx) => T): T {
  const { context, libssl } = options
  const { side, features, method } = end
  const variant = end.variant(options)
  const shared = () => without(end, options, 'connection')
  const make = () => setUp(new BasicSslCtx(lib, method), (ctx) => {
    const made = shared()
    for (const feature of features) feature.setUpCtx?.(ctx, made, variant)
  })
  const kept = context ? context.contexts : libssl && keptOf(lib)
  const key = () => `${side} ${variant} ${context ? '' : contentKey(lib, without(end, shared(), 'either'))}`
  const ctx = kept ? kept.get(key(), make) : make()
  try {
    for (const feature of features) feature.renewCtx?.(ctx, options)
    return use(ctx)
  } finally {
    if (!kept) ctx.free() // the connection has a reference
  }
}

function without(end: End, { libssl, ...options }: CommonOptions, place: 'connection' | 'either'): object {
  const others = own<Record<string, unknown>>()
  for (const [name, value] of Object.entries(options)) if (placeOf(end, name) !== place) others[name] = value
  return others
}
