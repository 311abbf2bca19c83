// From options to an SSL_CTX and an SSL: what each feature makes of them, and which SSL_CTX serves more than one connection.

import { own } from '../base/options.js'
import type { LibSsl } from '../core/lib-ssl.js'
import { SslCtx, type SslMethod } from '../core/ssl-ctx.js'
import { Ssl } from '../core/ssl.js'
import type { Decisions } from '../pump/decisions.js'
import type { Feature } from './features/feature.js'
import type { HelloAnswer } from './features/client-hello.js'
import { keyAlone } from './features/server-identity.js'
import { contentKey, keptByInstance, setUp } from './kept.js'
import {
  checkContextOptions, checkHelloAnswer, clientFeatures, placeOf, serverFeatures,
  type ClientContextOptions, type ConnectOptions, type CommonOptions, type ContextOptions, type AcceptOptions,
} from './options.js'
import { TlsContext } from './tls-context.js'

/**
 * Makes a context: options that any number of connections share, for {@link connect}, {@link accept} or both. They are checked
 * and copied at once; certificates, keys and trust anchors are read once, when a connection first needs them. A connection is
 * then given `context` beside the options that are its own: `connect(transport, { context, servername })`.
 *
 * Options that suit neither side throw `ApiMisuseError`. With `libssl` everything is read at once, and what OpenSSL refuses
 * throws as well. Without it the context loads one instance, which its connections share; `opened` tells what is refused.
 * @openssl SSL_CTX_new
 */
export function createContext(options: ContextOptions): TlsContext {
  const { checked, suited, refuse } = checkContextOptions(options)
  const context = new TlsContext(checked, refuse)
  const { libssl } = checked
  if (!libssl) return context
  return setUp(context, () => {
    if (suited.includes('server')) useCtx(libssl, server, own<AcceptOptions>(checked, { context }), () => {})
    else useCtx(libssl, client, own<ConnectOptions>(checked, checked.ca ? { servername: 'any' } : {}, { context }), () => {})
  })
}

/** A client's connection, ready for its BIO. */
export function clientSsl(lib: LibSsl, options: ConnectOptions, decisions: Decisions): Ssl {
  return makeSsl(lib, client, options, decisions)
}

/** A server's connection, ready for its BIO. */
export function serverSsl(lib: LibSsl, options: AcceptOptions, decisions: Decisions): Ssl {
  const ssl = makeSsl(lib, server, options, decisions)
  if (options.onClientHello) askOnClientHello(ssl, options, options.onClientHello, decisions)
  return ssl
}

/** One side of a connection. */
interface End<Options extends CommonOptions> {
  readonly method: SslMethod
  readonly features: readonly Feature<Options>[]
  /** What an SSL_CTX depends on of options that may be a connection's own. */
  readonly variant: (options: Options) => boolean
}
// Where a key alone is accepted, the SSL_CTX has no trust anchors: a connection without a name must not share one that has.
const client: End<ConnectOptions> = { method: 'TLS_client_method', features: clientFeatures, variant: keyAlone }
// Sessions are for servers that ask their clients for the same.
const server: End<AcceptOptions> = { method: 'TLS_server_method', features: serverFeatures, variant: ({ verify }) => verify !== undefined }

/** How many an instance keeps for connections without a context, and for answers to a ClientHello. */
const keptOf = keptByInstance<SslCtx>(64)

function askOnClientHello(ssl: Ssl, options: AcceptOptions, ask: NonNullable<AcceptOptions['onClientHello']>, decisions: Decisions): void {
  let answered = false // there is a second ClientHello after a HelloRetryRequest: the first answer holds
  ssl.setClientHelloCb(() => {
    if (answered) return 1
    const answer = decisions.ask(() => ask(ssl.getClientHello()))
    if (!answer) return -1
    answered = true
    if (answer.value) change(ssl, options, answer.value)
    return 1
  })
}

/** Applies the answer's options to this connection. */
function change(ssl: Ssl, options: AcceptOptions, answer: HelloAnswer): void {
  const changed = checkHelloAnswer(options, answer)
  // A context's own SSL_CTX is for the options as they were.
  useCtx(ssl.lib, server, changed.context ? own(changed, { libssl: ssl.lib, context: undefined }) : changed, (ctx) => {
    ssl.setSslCtx(ctx)
    for (const feature of serverFeatures) feature.changeSsl?.(ssl, changed)
  })
}

/**
 * Lends `use` the SSL_CTX for these options: the context's, if there is one; on an instance that is shared, one that served the
 * same options before; else a new one.
 */
function useCtx<Options extends CommonOptions, T>(lib: LibSsl, end: End<Options>, options: Options, use: (ctx: SslCtx) => T): T {
  const { context, libssl } = options
  const variant = end.variant(options)
  const shared = without(options, 'connection')
  const make = () => makeCtx(lib, end, shared, variant)
  const kept = context ? context.contexts : libssl && keptOf(lib)
  const key = () => `${end.method} ${variant} ${context ? '' : contentKey(lib, without(shared, 'either'))}`
  const ctx = kept ? kept.get(key(), make) : make()
  try {
    for (const feature of end.features) feature.renewCtx?.(ctx, shared)
    return use(ctx)
  } finally {
    if (!kept) ctx.free() // the connection has a reference
  }
}

function without<Options extends CommonOptions>({ libssl, ...options }: Options, place: 'connection' | 'either'): Options {
  return own(Object.fromEntries(Object.entries(options).filter(([name]) => placeOf(name) !== place)))
}

function makeCtx<Options extends CommonOptions>(lib: LibSsl, end: End<Options>, options: Options, variant: boolean): SslCtx {
  return setUp(new SslCtx(lib, end.method), (ctx) => {
    for (const feature of end.features) feature.setUpCtx?.(ctx, options, variant)
  })
}

function makeSsl<Options extends CommonOptions>(lib: LibSsl, end: End<Options>, options: Options, decisions: Decisions): Ssl {
  return useCtx(lib, end, options, (ctx) => setUp(new Ssl(ctx), (ssl) => {
    if (end.method === 'TLS_client_method') ssl.setConnectState()
    else ssl.setAcceptState()
    for (const feature of end.features) feature.setUpSsl?.(ssl, options, decisions)
  }))
}
