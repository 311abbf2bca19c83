// OCSP responses, as far as a server has to do with them.

import * as C from '../ffi/functions.gen.js'
import type { LibSsl } from './lib-ssl.js'
import { set } from './setters.js'

/** Throws `ApiMisuseError` with OpenSSL's code unless `response` is the DER encoding of one. @openssl d2i_OCSP_RESPONSE */
export function checkOcspResponse(lib: LibSsl, response: Uint8Array): void {
  set(lib, 'OCSP response', () =>
    lib.memory.scope((scope) => lib.ffi[C.OCSP_RESPONSE_check](scope.bytes(response), response.byteLength)), response)
}
