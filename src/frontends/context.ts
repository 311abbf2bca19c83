// From options to an SSL_CTX and an SSL, with the defaults that people should not have to know about.

import { platformRoots } from '#roots'
import { ApiMisuseError } from '../base/errors.js'
import type { LibSsl } from '../core/lib-ssl.js'
import { SslCtx } from '../core/ssl-ctx.js'
import { Ssl } from '../core/ssl.js'
import { describeMessage } from '../core/trace.js'
import { X509Store } from '../core/x509-store.js'
import {
  SSL_MODE_ENABLE_PARTIAL_WRITE, SSL_MODE_RELEASE_BUFFERS, SSL_OP_NO_RENEGOTIATION,
  SSL_OP_NO_TICKET, SSL_OP_SERVER_PREFERENCE, SSL_SESS_CACHE_OFF, SSL_VERIFY_FAIL_IF_NO_PEER_CERT, SSL_VERIFY_NONE, SSL_VERIFY_PEER,
  TLS1_2_VERSION, TLS1_3_VERSION, X509_CHECK_FLAG_NEVER_CHECK_SUBJECT,
  X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS,
} from '../ffi/constants.gen.js'
import type { AcceptOptions, Certificates, CommonOptions, ConnectOptions } from './options.js'

// Forward secrecy and AEAD only. ChaCha20 comes first because WebAssembly has no AES instructions: there it is both
// faster and free of table look-ups that depend on the key.
const CIPHERS = 'ECDHE+CHACHA20:ECDHE+AESGCM'
const CIPHERSUITES = 'TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384'
// A star asks for a key share in the first flight: servers that know no ML-KEM need not ask again.
const GROUPS = '*X25519MLKEM768:*X25519:secp256r1:secp384r1'

const versions = { 'TLSv1.2': TLS1_2_VERSION, 'TLSv1.3': TLS1_3_VERSION } as const

/** A client's connection, ready for its BIO. */
export function clientSsl(lib: LibSsl, options: ConnectOptions): Ssl {
  return withCtx(lib, 'TLS_client_method', options, (ctx) => {
    const { alpnProtocols } = options
    if (alpnProtocols) refuse('alpnProtocols', () => ctx.setAlpnProtos(alpnProtocols))
    // Even if verification is skipped its result is reported, so the roots are wanted where there are any.
    const store = options.ca ? ownStore(lib, options.ca) : platformStore(lib)
    if (store) ctx.set1CertStore(store)
    else if (!options.dangerouslySkipVerification) {
      throw new ApiMisuseError('ERR_TLS_NO_TRUST_ANCHORS', "this platform hands out no list of trusted roots: give option 'ca'", { option: 'ca' })
    }
    if (options.ca) store?.free()
    ctx.setVerify(options.dangerouslySkipVerification ? SSL_VERIFY_NONE : SSL_VERIFY_PEER)
  }, (ssl) => {
    ssl.setConnectState()
    // A name may end in the root's dot; certificates and SNI (RFC 6066 §3) have none.
    const name = options.servername?.replace(/\.$/, '')
    if (name === undefined) return
    if (isIpAddress(name)) {
      refuse('servername', () => ssl.set1Ipaddr(name.replace(/^\[|\]$/g, '')))
    } else {
      // RFC 9525 §2 and §6.3: names stand in subjectAltName, not in the subject, and a wildcard is a whole label.
      ssl.setHostflags(X509_CHECK_FLAG_NEVER_CHECK_SUBJECT | X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS)
      refuse('servername', () => {
        ssl.setTlsextHostName(name)
        ssl.set1Dnsname(name)
      })
    }
  })
}

/** A server's connection, ready for its BIO. */
export function serverSsl(lib: LibSsl, options: AcceptOptions): Ssl {
  return withCtx(lib, 'TLS_server_method', options, (ctx) => {
    ctx.setOptions(SSL_OP_SERVER_PREFERENCE)
    // No sessions, and no tickets: their keys are the context's, which lives as long as the connection. A ticket would
    // only be something more to send to a client that may have hung up.
    ctx.setSessionCacheMode(SSL_SESS_CACHE_OFF)
    ctx.setOptions(SSL_OP_NO_TICKET)
    ctx.setNumTickets(0)
    const { alpnProtocols } = options
    if (alpnProtocols) refuse('alpnProtocols', () => ctx.setAlpnSelectProtos(alpnProtocols))
    if (options.ca) {
      const store = ownStore(lib, options.ca)
      ctx.set1CertStore(store)
      store.free()
      ctx.setVerify(SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT)
      ctx.setSessionIdContext(new TextEncoder().encode('libssl-wasm'))
    }
  }, (ssl) => ssl.setAcceptState())
}

function withCtx(
  lib: LibSsl, method: 'TLS_client_method' | 'TLS_server_method', options: CommonOptions,
  setUpCtx: (ctx: SslCtx) => void, setUpSsl: (ssl: Ssl) => void,
): Ssl {
  const ctx = new SslCtx(lib, method)
  try {
    ctx.setMode(SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_RELEASE_BUFFERS)
    ctx.setOptions(SSL_OP_NO_RENEGOTIATION)
    ctx.setMinProtoVersion(versions[options.minVersion ?? 'TLSv1.2'])
    ctx.setMaxProtoVersion(versions[options.maxVersion ?? 'TLSv1.3'])
    refuse('ciphers', () => ctx.setCipherList(options.ciphers ?? CIPHERS))
    refuse('ciphersuites', () => ctx.setCiphersuites(options.ciphersuites ?? CIPHERSUITES))
    refuse('groups', () => ctx.set1GroupsList(options.groups ?? GROUPS))
    const { cert, key, passphrase } = options
    if (cert !== undefined && key !== undefined) {
      refuse('cert', () => ctx.useCertificateChain(cert))
      refuse('key', () => {
        ctx.usePrivateKey(key, passphrase)
        ctx.checkPrivateKey() // a key of another type than the certificate's would pass so far
      })
    }
    setUpCtx(ctx)
    const ssl = new Ssl(ctx)
    try {
      setUpSsl(ssl)
      const { onTrace, onKeylog } = options
      if (onTrace) ssl.setMsgCallback((message) => onTrace({ ...describeMessage(lib, message), atMs: performance.now() }))
      if (onKeylog) ssl.setKeylogCallback(onKeylog)
      return ssl
    } catch (error) {
      ssl.free()
      throw error
    }
  } finally {
    ctx.free() // the connection keeps it
  }
}

/** Names the option that OpenSSL refused. */
function refuse(option: string, set: () => void): void {
  try {
    set()
  } catch (cause) {
    if (!(cause instanceof ApiMisuseError)) throw cause
    throw new ApiMisuseError(cause.code, `option '${option}' was refused: ${cause.message}`, { cause, option, opensslErrorStack: cause.opensslErrorStack })
  }
}

function ownStore(lib: LibSsl, ca: Certificates | readonly Certificates[]): X509Store {
  const store = new X509Store(lib)
  try {
    refuse('ca', () => {
      for (const one of Array.isArray(ca) ? (ca as readonly Certificates[]) : [ca as Certificates]) store.addCerts(one)
    })
    return store
  } catch (error) {
    store.free()
    throw error
  }
}

// Parsing the platform's roots takes milliseconds: once an instance.
const platformStores = new WeakMap<LibSsl, X509Store>()

function platformStore(lib: LibSsl): X509Store | undefined {
  let store = platformStores.get(lib)
  const roots = store ? undefined : platformRoots()
  if (!store && roots) {
    store = ownStore(lib, roots)
    platformStores.set(lib, store)
  }
  return store
}

function isIpAddress(name: string): boolean {
  return /^\d{1,3}(\.\d{1,3}){3}$/.test(name) || name.includes(':')
}
