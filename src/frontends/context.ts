// From options to an SSL_CTX and an SSL: what each feature makes of them.

import type { LibSsl } from '../core/lib-ssl.js'
import { SslCtx, type SslMethod } from '../core/ssl-ctx.js'
import { Ssl } from '../core/ssl.js'
import type { Decisions } from '../pump/decisions.js'
import type { Feature } from './features/feature.js'
import type { HelloAnswer } from './features/client-hello.js'
import { checkHelloAnswer, clientFeatures, serverFeatures, type AcceptOptions, type ConnectOptions } from './options.js'

/** A client's connection, ready for its BIO. */
export function clientSsl(lib: LibSsl, options: ConnectOptions, decisions: Decisions): Ssl {
  return makeSsl(lib, 'TLS_client_method', clientFeatures, options, decisions)
}

/** A server's connection, ready for its BIO. */
export function serverSsl(lib: LibSsl, options: AcceptOptions, decisions: Decisions): Ssl {
  const ssl = makeSsl(lib, 'TLS_server_method', serverFeatures, options, decisions)
  if (options.onClientHello) askOnClientHello(ssl, options, options.onClientHello, decisions)
  return ssl
}

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

/** To what the answer says. */
function change(ssl: Ssl, options: AcceptOptions, answer: HelloAnswer): void {
  const changed = checkHelloAnswer(options, answer)
  const ctx = makeCtx(ssl.lib, 'TLS_server_method', serverFeatures, changed)
  try {
    ssl.setSslCtx(ctx)
    for (const feature of serverFeatures) feature.changeSsl?.(ssl, changed)
  } finally {
    ctx.free()
  }
}

function makeCtx<Options extends object>(lib: LibSsl, method: SslMethod, features: readonly Feature<Options>[], options: Options): SslCtx {
  const ctx = new SslCtx(lib, method)
  try {
    for (const feature of features) feature.setUpCtx?.(ctx, options)
    return ctx
  } catch (error) {
    ctx.free()
    throw error
  }
}

function makeSsl<Options extends object>(lib: LibSsl, method: SslMethod, features: readonly Feature<Options>[], options: Options, decisions: Decisions): Ssl {
  const ctx = makeCtx(lib, method, features, options)
  try {
    const ssl = new Ssl(ctx)
    try {
      if (method === 'TLS_client_method') ssl.setConnectState()
      else ssl.setAcceptState()
      for (const feature of features) feature.setUpSsl?.(ssl, options, decisions)
      return ssl
    } catch (error) {
      ssl.free()
      throw error
    }
  } finally {
    ctx.free() // the connection keeps it
  }
}
