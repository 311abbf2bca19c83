// Encrypted Client Hello hides the name that a client asks for. RFC 9849.

import { isBytesLike, type BytesLike } from '../../base/bytes.js'
import { decodeEchConfigList, splitEchConfigList } from '../../core/ech-config-list.js'
import { EchStore, generateEchKey as generateIn, type EchKey, type EchKeyOptions } from '../../core/ech-store.js'
import type { LibSsl } from '../../core/lib-ssl.js'
import { load } from '../../core/load.js'
import { SSL_OP_ECH_GREASE, SSL_OP_ECH_TRIALDECRYPT } from '../../ffi/constants.gen.js'
import type { AlgorithmOptions } from './algorithms.js'
import { useUp } from '../kept.js'
import { each, invalid, isOneOrMore, isPemOrDer, isPlainObject, isReadBy, refuse, type Check, type Feature } from './feature.js'
import { isIpAddress } from './host-name.js'
import type { ServerIdentityOptions } from './server-identity.js'

/** A client's Encrypted Client Hello. */
export interface ClientEchOptions {
  /**
   * `{ configList }`: encrypt the ClientHello. The list is what the server publishes: bytes, or base64 as in the parameter
   * `ech` of its HTTPS record in DNS. A server that cannot read it is an `EchRejectedError`, which may hold another list.
   * `'grease'`, the default: noise of the same form, so that users of ECH do not stand out, as RFC 9849 §6.2 asks of every
   * client. `'off'`: neither.
   */
  readonly ech?: { readonly configList: BytesLike | string } | 'grease' | 'off' | undefined
}

/** A private key for ECH with its configuration, PEM (RFC 9934). `forRetry`, default true: give it to clients that used another. */
export type EchKeyInput = string | BytesLike | { readonly pem: string | BytesLike; readonly forRetry?: boolean | undefined }

/** A server's Encrypted Client Hello. */
export interface ServerEchOptions {
  /** Keys for Encrypted Client Hello, the newest first, as {@link generateEchKey} or `openssl ech` make them. Default: none. */
  readonly echKeys?: EchKeyInput | readonly EchKeyInput[] | undefined
}

/** Options of {@link generateEchKey}. */
export interface GenerateEchKeyOptions extends EchKeyOptions {
  /** The instance to use. Default: one of its own. */
  readonly libssl?: LibSsl | undefined
}

/**
 * Makes a key for {@link accept}'s option `echKeys`, and what clients are given to use it: in DNS, as the parameter `ech`
 * of an HTTPS record (RFC 9848), base64. Rejects with `ApiMisuseError` if `publicName` is no name or the suite is unknown.
 * @openssl OSSL_ECHSTORE_new_config @spec RFC 9849 §4
 */
export async function generateEchKey({ libssl, ...options }: GenerateEchKeyOptions): Promise<EchKey> {
  return generateIn(libssl ?? await load(), options)
}

const isClientEch: Check = (value) => {
  if (value === 'grease' || value === 'off') return undefined
  const { configList, ...others } = isPlainObject(value) ? value : { others: value }
  if (Object.keys(others).length > 0) return "must be { configList }, 'grease' or 'off'"
  if (typeof configList !== 'string' && !isBytesLike(configList)) return 'must have the configList as bytes or base64'
  return isReadBy((list: BytesLike | string) => splitEchConfigList(decodeEchConfigList(list)))(configList)
}

export const clientEch: Feature<ClientEchOptions, AlgorithmOptions & ServerIdentityOptions> = {
  checks: { ech: isClientEch },
  agree({ ech, maxVersion, servername }) {
    if (typeof ech !== 'object') return
    if (maxVersion === 'TLSv1.2') throw invalid('ech', 'needs TLS 1.3, which maxVersion excludes')
    if (servername === undefined || isIpAddress(servername)) throw invalid('ech', 'hides a host name: servername must be one')
  },
  connection: ['ech'],
  setUpSsl(ssl, { ech = 'grease', maxVersion }) {
    if (ech === 'grease' && maxVersion !== 'TLSv1.2') ssl.setOptions(SSL_OP_ECH_GREASE)
    if (typeof ech !== 'object') return
    useUp(new EchStore(ssl.lib), (store) => {
      refuse('ech', () => store.readEchconfiglist(ech.configList))
      ssl.set1Echstore(store)
    })
  },
}

const isEchKey: Check = (value) => {
  const { pem, forRetry = true, ...others } = isPlainObject(value) ? value : { pem: value }
  const right = isPemOrDer(pem) === undefined && typeof forRetry === 'boolean' && Object.keys(others).length === 0
  return right ? undefined : 'must be PEM, or { pem, forRetry }, and not empty'
}

export const serverEch: Feature<ServerEchOptions, AlgorithmOptions> = {
  checks: { echKeys: /* @__PURE__ */ isOneOrMore(isEchKey) },
  agree({ echKeys, maxVersion }) {
    if (echKeys !== undefined && maxVersion === 'TLSv1.2') throw invalid('echKeys', 'needs TLS 1.3, which maxVersion excludes')
  },
  setUpCtx(ctx, { echKeys }) {
    if (echKeys === undefined) return
    useUp(new EchStore(ctx.lib), (store) => {
      refuse('echKeys', () => {
        for (const key of each(echKeys)) {
          const { pem, forRetry } = isPlainObject(key) ? key : { pem: key, forRetry: true }
          store.readPem(pem, forRetry)
        }
      })
      ctx.set1Echstore(store)
      if (sharesIds(store)) ctx.setOptions(SSL_OP_ECH_TRIALDECRYPT)
    })
  },
}

/** Ids are one random byte. By itself OpenSSL tries the first key alone of those that have the same. */
function sharesIds(store: EchStore): boolean {
  const ids = Array.from({ length: store.numEntries() }, (_, index) => store.get1Info(index).config.split(',')[1])
  return new Set(ids).size < ids.length
}
