// `libssl-wasm/roots`: Mozilla's list of roots, for platforms that hand out none. A quarter of a megabyte, loaded only
// by programs that import it. It is as old as the package: ship updates of both.

import { fromBase64 } from './base/bytes.js'
import { ApiMisuseError } from './base/errors.js'
import { splitDer } from './base/der.js'
import { base64, date, sha256 } from './loader/mozilla-roots.gen.js'

/**
 * The certificates that Mozilla trusts to vouch for servers, DER: to be given as option `ca`. Mozilla's limits for single
 * ones (names, dates of issue) are no part of the list.
 */
export const mozillaRoots: readonly Uint8Array<ArrayBuffer>[] = /* @__PURE__ */ decode()

/** The day of the Debian package that the list is from, for example `2026-08-16`. */
export const rootsDate: string = date

/** SHA-256 over the certificates of {@link mozillaRoots}, one after the other, in lower-case hexadecimal. */
export const rootsSha256: string = sha256

function decode(): Uint8Array<ArrayBuffer>[] {
  if (date === '') {
    const message = "this build has no list of roots: Debian's ca-certificates package was out of reach when it was made"
    throw new ApiMisuseError('ERR_TLS_NO_TRUST_ANCHORS', message)
  }
  return splitDer(fromBase64(base64))
}
