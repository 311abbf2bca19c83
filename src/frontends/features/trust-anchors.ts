// Trust anchors: the certificates of option `ca`, or the platform's; what is added to them, and what has been revoked.

import { platformRoots } from '#roots'
import { ApiMisuseError } from '../../base/errors.js'
import { warn } from '../../base/warn.js'
import type { LibSsl } from '../../core/lib-ssl.js'
import type { BasicSslCtx } from '../../core/basic-ssl-ctx.js'
import { X509Store } from '../../core/x509-store.js'
import { X509_V_FLAG_CRL_CHECK, X509_V_FLAG_CRL_CHECK_ALL, X509_V_FLAG_PARTIAL_CHAIN } from '../../ffi/constants.gen.js'
import { contentKey, keptByInstance, setUp } from '../kept.js'
import { each, isBoolean, isOneOf, isOneOrMore, isPemOrDer, refuse, type Certificates, type Feature } from './feature.js'

/** Which certificates prove that another is genuine. */
export interface TrustAnchorOptions {
  /** Trust anchors, and intermediate certificates that help to reach one: PEM or DER. */
  readonly ca?: Certificates | readonly Certificates[] | undefined
  /** More of them: beside `ca`, or beside the platform's. */
  readonly additionalCa?: Certificates | readonly Certificates[] | undefined
  /** Whether a certificate among the trust anchors need not be a root: a CA beneath one, or the peer's own. Default `false`. */
  readonly partialChain?: boolean | undefined
  /** Certificate revocation lists: PEM or DER. Then each certificate in question (`crlScope`) must have a list that is in force. */
  readonly crl?: Certificates | readonly Certificates[] | undefined
  /** `chain` (default): the whole chain is looked up in `crl`. `leaf`: the peer's own certificate alone. */
  readonly crlScope?: 'chain' | 'leaf' | undefined
}

const arePemOrDer = /* @__PURE__ */ isOneOrMore(isPemOrDer)

export const trustAnchorChecks: Feature<TrustAnchorOptions>['checks'] = {
  ca: arePemOrDer, additionalCa: arePemOrDer, crl: arePemOrDer, partialChain: isBoolean,
  crlScope: /* @__PURE__ */ isOneOf('chain', 'leaf'),
}
export const trustAnchorNeeds: Required<Feature<TrustAnchorOptions>>['needs'] = { crlScope: ['crl'] }

/** Gives `ctx` a store of the options' certificates, else of the platform's roots. Returns it, if there is any. */
export function setUpTrustAnchors(ctx: BasicSslCtx, options: TrustAnchorOptions): X509Store | undefined {
  const { ca, additionalCa, partialChain, crl, crlScope = 'chain' } = options
  const { lib } = ctx
  const platform = ca ? undefined : rootsOf(lib)
  if (!ca && !platform) return undefined
  const store = platform && !additionalCa && !crl ? platformStore(lib, platform) : storeOf(lib, { ca, additionalCa, crl }, platform)
  ctx.set1CertStore(store)
  if (partialChain) ctx.setVerifyFlags(X509_V_FLAG_PARTIAL_CHAIN)
  if (crl) ctx.setVerifyFlags(X509_V_FLAG_CRL_CHECK | (crlScope === 'chain' ? X509_V_FLAG_CRL_CHECK_ALL : 0))
  return store
}

/** Contexts of the same anchors share them. */
const storesOf = keptByInstance<X509Store>(8)

/** A store with the anchors that options give, and with the platform's, if they are given. It is kept for later, so do not free it. */
export function storeOf(
  lib: LibSsl, options: Readonly<Record<string, TrustAnchorOptions['ca']>>, platform: readonly (string | Uint8Array)[] = [],
): X509Store {
  return storesOf(lib).get(keyOf(lib, options), () => setUp(new X509Store(lib), (store) => {
    addPlatform(store, platform)
    for (const [option, given = []] of Object.entries(options)) {
      refuse(option, () => { for (const one of each(given)) store[option === 'crl' ? 'addCrls' : 'addCerts'](one) })
    }
  }))
}

type Given = Parameters<typeof storeOf>[1]
/** The latest, with their key. Others of the same content have the same key, which is found by reading them. */
const latest = new WeakMap<LibSsl, { readonly options: Given; readonly key: string }>()

function keyOf(lib: LibSsl, options: Given): string {
  const before = latest.get(lib)
  const names = Object.keys({ ...before?.options, ...options })
  if (before && names.every((name) => before.options[name] === options[name])) return before.key
  const key = contentKey(lib, options)
  // Of an array it is not seen whether it changes.
  if (!Object.values(options).some((given) => typeof given === 'object')) latest.set(lib, { options, key })
  return key
}

// Read once an instance: there may be files among them.
const platforms = new WeakMap<LibSsl, readonly (string | Uint8Array)[]>()
const platformStores = new WeakMap<LibSsl, X509Store>()

/** `undefined` where the platform has no list. */
function rootsOf(lib: LibSsl): readonly (string | Uint8Array)[] | undefined {
  const roots = platforms.get(lib) ?? platformRoots()
  if (roots) platforms.set(lib, roots)
  return roots
}

/** A store of the platform's roots, the instance's own: not to be freed. */
function platformStore(lib: LibSsl, platform: readonly (string | Uint8Array)[]): X509Store {
  const store = platformStores.get(lib) ?? setUp(new X509Store(lib), (made) => { addPlatform(made, platform) })
  platformStores.set(lib, store)
  return store
}

function addPlatform(store: X509Store, platform: readonly (string | Uint8Array)[]): void {
  platform.forEach((root, index) => { addRoot(store, root, index) })
}

/** A root of the platform that cannot be read is no fault of the caller: it is left out, and the others count. */
function addRoot(store: X509Store, root: string | Uint8Array, index: number): void {
  try {
    store.addCerts(root)
  } catch (error) {
    if (!(error instanceof ApiMisuseError)) throw error
    const which = `root ${index + 1} of the platform's list (of NODE_EXTRA_CA_CERTS, perhaps)`
    warn('WARN_TLS_CA_UNREADABLE', `${which} cannot be read and is ignored: ${error.message}`)
  }
}
