// A key for Encrypted Client Hello, made without any tool.

import { generateEchKey as generateIn, type EchKey, type EchKeyOptions } from '../core/ech-store.js'
import type { LibSsl } from '../core/lib-ssl.js'
import { load } from '../core/load.js'

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
