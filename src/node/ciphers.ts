// Cipher suites as node:tls names them: those of TLS 1.2 and of 1.3 in one list.

import { Ssl } from '../core/ssl.js'
import { SslCtx } from '../core/ssl-ctx.js'
import type { LibSsl } from '../core/lib-ssl.js'
import { TLS1_2_VERSION, TLS1_3_VERSION } from '../ffi/constants.gen.js'
import { nodeError } from './node-error.js'

/** What a context has by default, in Node's words and order. */
export const DEFAULT_CIPHERS = [
  'TLS_AES_256_GCM_SHA384', 'TLS_CHACHA20_POLY1305_SHA256', 'TLS_AES_128_GCM_SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256', 'ECDHE-ECDSA-AES128-GCM-SHA256', 'ECDHE-RSA-AES256-GCM-SHA384', 'ECDHE-ECDSA-AES256-GCM-SHA384',
  'DHE-RSA-AES128-GCM-SHA256', 'ECDHE-RSA-AES128-SHA256', 'DHE-RSA-AES128-SHA256', 'ECDHE-RSA-AES256-SHA384', 'DHE-RSA-AES256-SHA384',
  'ECDHE-RSA-AES256-SHA256', 'DHE-RSA-AES256-SHA256', 'HIGH',
  '!aNULL', '!eNULL', '!EXPORT', '!DES', '!RC4', '!MD5', '!PSK', '!SRP', '!CAMELLIA',
].join(':')

/** OpenSSL offers the first three by itself. */
const TLS13_SUITES = [
  'TLS_AES_256_GCM_SHA384', 'TLS_CHACHA20_POLY1305_SHA256', 'TLS_AES_128_GCM_SHA256', 'TLS_AES_128_CCM_SHA256', 'TLS_AES_128_CCM_8_SHA256',
]

/**
 * Sets the option `ciphers`. Without a suite of TLS 1.3 those stay OpenSSL's; without one of TLS 1.2 `minVersion`, if it is TLS 1.2,
 * becomes TLS 1.3 where `maxVersion` allows that. Call it when both have been set, as `TLS1_2_VERSION` or `TLS1_3_VERSION`. Throws
 * `ERR_INVALID_ARG_VALUE` for a list of nothing, and what the core throws for one that OpenSSL refuses.
 */
export function setCiphers(ctx: SslCtx, ciphers: string, minVersion: number, maxVersion: number, option = 'options.ciphers'): void {
  const given = ciphers.split(':')
  const suites = given.filter((name) => name.startsWith('TLS_') && !given.includes(`!${name}`))
  // If suites are named, `!TLS_…` takes one away from them, and is no part of the list for TLS 1.2.
  const list = given.filter((name) => name !== '' && !name.startsWith('TLS_') && !(suites.length > 0 && name.startsWith('!TLS_')))
  if (list.length === 0 && suites.length === 0) {
    const received = given.map((name) => `'${name}'`).join(', ')
    throw nodeError('ERR_INVALID_ARG_VALUE', `The property '${option}' is invalid. Received [ ${received} ]`, {}, TypeError)
  }
  if (suites.length > 0 && list.length === 0 && !suites.some((name) => TLS13_SUITES.includes(name))) {
    const fields = { library: 'SSL routines', reason: 'no cipher match' } // OpenSSL passes over names that it does not know
    throw nodeError('ERR_SSL_NO_CIPHER_MATCH', `error:0A0000B9:${fields.library}::${fields.reason}`, fields)
  }
  if (suites.length > 0) ctx.setCiphersuites(suites.join(':'))
  if (list.length > 0) ctx.setCipherList(list.join(':'))
  else if (minVersion <= TLS1_2_VERSION && maxVersion >= TLS1_3_VERSION) ctx.setMinProtoVersion(TLS1_3_VERSION)
}

/** What tls.getCiphers() gives: all that this build has and OpenSSL counts among its defaults, in lower case, sorted. */
export function getCiphers(lib: LibSsl): string[] {
  const ctx = new SslCtx(lib, 'TLS_client_method')
  const ssl = new Ssl(ctx)
  try {
    ssl.setPskClientCallback(() => undefined) // OpenSSL leaves those with keys out without it
    const names = [...ssl.getSupportedCiphers(), ...TLS13_SUITES].map((name) => name.toLowerCase())
    return [...new Set(names)].sort()
  } finally {
    ssl.free()
    ctx.free()
  }
}
