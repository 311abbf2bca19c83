// OSSL_ECHSTORE: configurations for Encrypted Client Hello and, on a server, their keys. Methods are OpenSSL's functions
// less their prefix.

import { ApiMisuseError } from '../base/errors.js'
import { asBytes, type BytesLike } from '../base/bytes.js'
import { knownOptions } from '../base/options.js'
import * as C from '../ffi/functions.gen.js'
import { Lifetime } from '../ffi/lifetime.js'
import type { Ptr } from '../ffi/pointers.js'
import { decodeEchConfigList, ECH_VERSION, echConfigListOfPem, splitEchConfigList } from './ech-config-list.js'
import { outOfMemory } from './err-queue.js'
import type { LibSsl } from './lib-ssl.js'
import { demand, set, setBytes } from './setters.js'

/** One entry of a store. */
export interface EchInfo {
  /** The name that the outside world sees. */
  readonly publicName: string
  /** OpenSSL's words for all of it, for example `[fe0d,4d,example.com,[0020,0001,0001],…]`. */
  readonly config: string
  /** Whether its private key is there, too: a server needs it. */
  readonly hasPrivate: boolean
  /** Whether a server hands it to clients that used another. */
  readonly forRetry: boolean
  /** Since it was loaded. */
  readonly ageSeconds: number
}

/** A store of configurations for Encrypted Client Hello and, on a server, of their keys. @openssl OSSL_ECHSTORE_new */
export class EchStore {
  /** @internal */ readonly lib: LibSsl
  readonly #life: Lifetime<'OSSL_ECHSTORE'>

  /** @openssl OSSL_ECHSTORE_new */
  constructor(lib: LibSsl) {
    const ptr = lib.ffi[C.OSSL_ECHSTORE_new]()
    if (ptr === 0) throw outOfMemory(lib, 'OSSL_ECHSTORE_new')
    this.lib = lib
    this.#life = new Lifetime('EchStore', ptr, (owned) => { lib.ffi[C.OSSL_ECHSTORE_free](owned) })
  }

  /** @internal */
  get ptr(): Ptr<'OSSL_ECHSTORE'> {
    return this.#life.ptr
  }

  /**
   * Adds an ECHConfigList: bytes, or base64 as in DNS. Configurations that OpenSSL cannot use (a version, algorithm or
   * mandatory extension that it does not know) are passed over, as RFC 9849 §6.1 has it. Throws `ApiMisuseError`
   * if the list is malformed, or none is left: then nothing would be encrypted. Each may have 1,490 bytes or so.
   * @openssl OSSL_ECHSTORE_read_echconfiglist @spec RFC 9849 §4
   */
  readEchconfiglist(list: BytesLike | string): void {
    let refused: ApiMisuseError | undefined
    let added = 0
    for (const config of splitEchConfigList(decodeEchConfigList(list))) {
      if (config.version !== ECH_VERSION) continue
      try {
        setBytes(this.lib, 'EchStore.readEchconfiglist', this.ptr, config.list, this.lib.ffi[C.OSSL_ECHSTORE_read_echconfiglist])
        added++
      } catch (error) {
        if (!(error instanceof ApiMisuseError)) throw error
        refused = error
      }
    }
    if (added === 0) {
      throw new ApiMisuseError('ERR_TLS_INVALID_ARGUMENT', 'this list of ECH configurations has none that can be used',
        refused && { cause: refused, opensslErrorStack: refused.opensslErrorStack })
    }
  }

  /**
   * Adds private keys, each followed by its configurations, as `openssl ech` and {@link generateEchKey} write them.
   * Returns how many. Throws `ApiMisuseError` if there is none, or one is broken or not its configuration's.
   * @param forRetry whether clients that used another configuration are handed these
   * @openssl OSSL_ECHSTORE_read_pem @spec RFC 9934
   */
  readPem(pem: BytesLike | string, forRetry = true): number {
    const bytes = asBytes(pem)
    let count = 0
    set(this.lib, 'EchStore.readPem', () => {
      count = this.lib.memory.scope((scope) =>
        this.lib.ffi[C.OSSL_ECHSTORE_read_pem](this.ptr, scope.bytes(bytes), bytes.byteLength, forRetry ? 1 : 0))
      return count > 0 ? 1 : 0
    }, bytes)
    return count
  }

  /** @openssl OSSL_ECHSTORE_num_entries */
  numEntries(): number {
    return this.lib.ffi[C.OSSL_ECHSTORE_num_entries](this.ptr)
  }

  /** @openssl OSSL_ECHSTORE_num_keys */
  numKeys(): number {
    return this.lib.ffi[C.OSSL_ECHSTORE_num_keys](this.ptr)
  }

  /** @param index 0 is the first. @openssl OSSL_ECHSTORE_get1_info */
  get1Info(index: number): EchInfo {
    const { ffi, memory } = this.lib
    const flags = ffi[C.OSSL_ECHSTORE_get_flags](this.ptr, index)
    if (flags < 0) {
      ffi[C.ERR_clear_error]()
      throw new ApiMisuseError('ERR_TLS_INVALID_ARGUMENT', `EchStore.get1Info: there is no entry ${index}`)
    }
    return {
      publicName: memory.collectText((buf, capacity) => ffi[C.OSSL_ECHSTORE_get_public_name](this.ptr, index, buf, capacity)),
      config: memory.collectText((buf, capacity) => ffi[C.OSSL_ECHSTORE_get_config](this.ptr, index, buf, capacity)),
      hasPrivate: (flags & 1) !== 0,
      forRetry: (flags & 2) !== 0,
      ageSeconds: Number(ffi[C.OSSL_ECHSTORE_get_age](this.ptr, index)),
    }
  }

  /** Keeps the entry `index` alone; -1 for the last. @openssl OSSL_ECHSTORE_downselect */
  downselect(index: number): void {
    set(this.lib, 'EchStore.downselect', () => this.lib.ffi[C.OSSL_ECHSTORE_downselect](this.ptr, index))
  }

  /** Drops the keys that were loaded so long ago, or longer. @openssl OSSL_ECHSTORE_flush_keys */
  flushKeys(ageSeconds: number): void {
    set(this.lib, 'EchStore.flushKeys', () => this.lib.ffi[C.OSSL_ECHSTORE_flush_keys](this.ptr, BigInt(ageSeconds)))
  }

  /** Contexts and connections have copies of their own. Again does nothing. @openssl OSSL_ECHSTORE_free */
  free(): void {
    this.#life.free()
  }
}

/** What {@link generateEchKey} makes. */
export interface EchKey {
  /** SECRET: the private key and its configuration (RFC 9934), for the server. */
  readonly pem: string
  /** What clients are given: the ECHConfigList. */
  readonly configList: Uint8Array
}

/** What a key for Encrypted Client Hello is made for. */
export interface EchKeyOptions {
  /** The name that the outside world sees instead of the true one. The server must have a certificate for it. */
  readonly publicName: string
  /** KEM, KDF and AEAD, as OSSL_HPKE_str2suite(3) has them. Default `x25519,hkdf-sha256,aes-128-gcm`. */
  readonly suite?: string | undefined
  /**
   * Names are padded to this length, so that the length of a ClientHello tells less of them. 0 to 255; default 0: names are not
   * padded, the ClientHello as a whole still is.
   */
  readonly maxNameLength?: number | undefined
}

/**
 * Makes a key for Encrypted Client Hello. Throws `ApiMisuseError` if the name is none or the suite is not known.
 * @openssl OSSL_ECHSTORE_new_config OSSL_ECHSTORE_write_pem @spec RFC 9849 §4
 */
export function generateEchKey(lib: LibSsl, options: EchKeyOptions): EchKey {
  const { publicName, suite = 'x25519,hkdf-sha256,aes-128-gcm', maxNameLength = 0 } =
    knownOptions(options, 'generateEchKey()', 'publicName', 'suite', 'maxNameLength')
  if (!Number.isInteger(maxNameLength) || maxNameLength < 0 || maxNameLength > 255) {
    throw new ApiMisuseError('ERR_TLS_INVALID_ARGUMENT', 'generateEchKey: maxNameLength must be an integer from 0 to 255')
  }
  let pem!: string
  for (const text of [publicName, suite]) {
    demand(typeof text === 'string' && /^[\x21-\x7e]+$/.test(text), 'generateEchKey: publicName and suite must be ASCII text')
  }
  set(lib, 'generateEchKey', () => {
    const bio = lib.memory.scope((scope) =>
      lib.ffi[C.OSSL_ECHSTORE_generate_pem](scope.cstring(publicName), scope.cstring(suite), maxNameLength))
    if (bio === 0) return 0
    const size = lib.ffi[C.BIO_ctrl_pending](bio)
    pem = lib.memory.scope((scope) => {
      const buf = scope.alloc<'void'>(size)
      lib.ffi[C.BIO_read](bio, buf, size)
      return new TextDecoder().decode(lib.memory.copyOut(buf, size))
    })
    lib.ffi[C.BIO_free](bio)
    return 1
  })
  return { pem, configList: echConfigListOfPem(pem)! }
}
