// The CAs that are trusted without `ca`: tls.rootCertificates, getCACertificates(), setDefaultCACertificates(). Node has
// Mozilla's list in it, and so have we: the package's own.

import { splitDer } from '../../base/der.js'
import type { LibSsl } from '../../core/lib-ssl.js'
import { X509Store } from '../../core/x509-store.js'
import { ApiMisuseError } from '../../base/errors.js'
import { nodeSystemRoots, nodeRoots, type NodeModules } from '../../loader/node-roots.js'
import { base64 } from '../../loader/mozilla-roots.gen.js'
import { operationFailed } from '../error-codes.js'
import { invalidArgType, invalidArgValue } from '../invalid-arguments.js'
import { nodeError } from '../node-error.js'
import { Buffer } from '../platform/buffer.js'
import { usesSystemCa } from './flags.js'
import { instance } from './instance.js'

/** A list, and the store that was made of it on the instance where it was last needed. */
export class DefaultAnchors {
  readonly #list: () => readonly string[]
  #made: { readonly lib: LibSsl; readonly store: X509Store } | undefined

  constructor(list: () => readonly string[]) {
    this.#list = list
  }

  get certificates(): readonly string[] {
    return this.#list()
  }

  store(lib: LibSsl): X509Store {
    if (this.#made?.lib !== lib) {
      const store = new X509Store(lib)
      for (const certificate of this.#list()) store.addCerts(certificate)
      this.#made = { lib, store }
    }
    return this.#made.store
  }
}

const once = <T>(make: () => T) => {
  let made: { readonly value: T } | undefined
  return () => (made ??= { value: make() }).value
}

/** Mozilla's, as PEM without a newline at the end, as Node gives them. */
export const rootCertificates = once((): readonly string[] => Object.freeze(
  base64 === '' ? [] : splitDer(Uint8Array.from(Buffer.from(base64, 'base64'))).map((der) => pem(der))))

function pem(der: Uint8Array): string {
  const lines = Buffer.from(der).toString('base64').replace(/.{64}(?!$)/g, '$&\n')
  return `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----`
}

/** With our own list in the place of the platform's, for what knows how to read files. */
const platform = once((): NodeModules | undefined => {
  const process = (globalThis as { process?: { getBuiltinModule?(id: string): unknown } }).process
  const [crypto, fs] = ['node:crypto', 'node:fs'].map((id) => process?.getBuiltinModule?.(id))
  return crypto && fs ? { crypto, fs, tls: { rootCertificates: rootCertificates() } } as unknown as NodeModules : undefined
})

const lists = {
  bundled: rootCertificates,
  system: once((): readonly string[] => Object.freeze([...platform() ? nodeSystemRoots(platform()!) ?? [] : []])),
  extra: once((): readonly string[] => Object.freeze(withExtra().slice(rootCertificates().length))),
}

function withExtra(): readonly string[] {
  return (platform() && nodeRoots(platform()!)) ?? rootCertificates()
}

let anchors = new DefaultAnchors(once(() => Object.freeze(
  [...rootCertificates(), ...usesSystemCa() ? lists.system() : [], ...lists.extra()])))

/** What contexts without `ca` trust from now on. */
export function defaultAnchors(): DefaultAnchors {
  return anchors
}

export function getCACertificates(type: 'default' | 'system' | 'bundled' | 'extra' = 'default'): readonly string[] {
  if (typeof type !== 'string') throw invalidArgType('type', 'of type string', type)
  if (type === 'default') return anchors.certificates
  if (!Object.hasOwn(lists, type)) throw invalidArgValue('type', type)
  return lists[type]()
}

/** The certificates are read at once: if one cannot be, all stays as it was. */
export function setDefaultCACertificates(certs: readonly (string | NodeJS.ArrayBufferView)[]): void {
  if (!Array.isArray(certs)) throw invalidArgType('certs', 'an instance of Array', certs)
  const texts = certs.map((cert: unknown, index) => {
    if (typeof cert === 'string') return cert
    if (ArrayBuffer.isView(cert)) return Buffer.from(cert.buffer, cert.byteOffset, cert.byteLength).toString('latin1')
    throw invalidArgType(`certs[${index}]`, 'of type string or an instance of ArrayBufferView', cert)
  })
  const certificates = [...new Set(texts.flatMap(blocksOf))]
  if (texts.length > 0 && certificates.length === 0) throw operationFailed('No valid certificates found in the provided array')
  const next = new DefaultAnchors(() => Object.freeze(certificates))
  try {
    next.store(instance())
  } catch (error) {
    if (!(error instanceof ApiMisuseError)) throw error
    const fields = { library: 'PEM routines', reason: 'ASN1 lib', cause: error }
    throw nodeError('ERR_OSSL_PEM_ASN1_LIB', 'error:0488000D:PEM routines::ASN1 lib', fields)
  }
  anchors = next
}

function blocksOf(text: string): string[] {
  return text.match(/-----BEGIN CERTIFICATE-----[^]*?-----END CERTIFICATE-----/g)?.map((block) => block.replace(/\r\n/g, '\n')) ?? []
}
