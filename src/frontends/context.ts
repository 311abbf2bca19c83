// From options to an SSL_CTX and an SSL: what each feature makes of them.

import type { LibSsl } from '../core/lib-ssl.js'
import { SslCtx, type SslMethod } from '../core/ssl-ctx.js'
import { Ssl } from '../core/ssl.js'
import type { Decisions } from '../pump/decisions.js'
import type { Feature } from './features/feature.js'
import { clientFeatures, serverFeatures, type AcceptOptions, type ConnectOptions } from './options.js'

/** A client's connection, ready for its BIO. */
export function clientSsl(lib: LibSsl, options: ConnectOptions, decisions: Decisions): Ssl {
  return makeSsl(lib, 'TLS_client_method', clientFeatures, options, decisions)
}

/** A server's connection, ready for its BIO. */
export function serverSsl(lib: LibSsl, options: AcceptOptions, decisions: Decisions): Ssl {
  return makeSsl(lib, 'TLS_server_method', serverFeatures, options, decisions)
}

function makeSsl<Options extends object>(lib: LibSsl, method: SslMethod, features: readonly Feature<Options>[], options: Options, decisions: Decisions): Ssl {
  const ctx = new SslCtx(lib, method)
  try {
    for (const feature of features) feature.setUpCtx?.(ctx, options)
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
