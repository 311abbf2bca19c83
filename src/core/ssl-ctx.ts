// SSL_CTX: what programs that drive connections by hand need beside basic-ssl-ctx.ts.

import { asBytes, type BytesLike } from '../base/bytes.js'
import * as C from '../ffi/functions.gen.js'
import { encodeAlpn } from './alpn.js'
import { BasicSslCtx } from './basic-ssl-ctx.js'
import { setBytes, setText } from './setters.js'

export type { SslMethod } from './basic-ssl-ctx.js'

/**
 * A context for connections. Setters throw `ApiMisuseError` with OpenSSL's code when OpenSSL refuses the value.
 * Settings reach the connections that are made afterwards.
 */
export class SslCtx extends BasicSslCtx {
  /** @openssl SSL_CTX_clear_options */
  clearOptions(options: bigint): bigint {
    return this.lib.ffi[C.SSL_CTX_clear_options](this.ptr, options)
  }

  /** @openssl SSL_CTX_get_options */
  getOptions(): bigint {
    return this.lib.ffi[C.SSL_CTX_get_options](this.ptr)
  }

  /**
   * Diffie-Hellman parameters of a TLS 1.2 server, PEM or DER (PKCS#3), in place of those of {@link setDhAuto}. Returns their size in
   * bits. Throws `ERR_SSL_DH_KEY_TOO_SMALL`, whose words have the size, for those that are too weak for the security level. A client
   * that offers groups of finite fields (ffdhe2048) is given one of those, if the server's groups have one; if they have none, it is
   * given no DHE suite (RFC 7919). @openssl SSL_CTX_set0_tmp_dh_pkey
   */
  setTmpDh(params: string | BytesLike): number {
    const bytes = asBytes(params)
    let bits = 0
    setBytes(this.lib, 'SslCtx.setTmpDh', this.ptr, bytes, (ptr, buf, length) => {
      bits = this.lib.ffi[C.SSL_CTX_set_tmp_dh](ptr, buf, length)
      return bits > 0 ? 1 : 0
    })
    return bits
  }

  /** @openssl SSL_CTX_get_security_level */
  getSecurityLevel(): number {
    return this.lib.ffi[C.SSL_CTX_get_security_level](this.ptr)
  }

  /**
   * What a server accepts, most wanted first. A client that offers ALPN and none of these is refused with the
   * alert no_application_protocol; one that offers none at all is served without.
   * @openssl SSL_CTX_set_alpn_select_cb @spec RFC 7301 §3.2
   */
  setAlpnSelectProtos(protocols: readonly string[]): void {
    const encoded = encodeAlpn(protocols)
    setBytes(this.lib, 'SslCtx.setAlpnSelectProtos', this.ptr, encoded, this.lib.ffi[C.SSL_CTX_set_alpn_select_protos])
  }

  /**
   * What a TLS 1.2 server tells clients of the pre-shared key that it wants, 256 bytes of UTF-8 at most: their `hint`
   * ({@link Ssl.setPskClientCallback}). `undefined`: nothing. @openssl SSL_CTX_use_psk_identity_hint @spec RFC 4279 §5.2
   */
  usePskIdentityHint(hint: string | undefined): void {
    setText(this.lib, 'SslCtx.usePskIdentityHint', hint, (text) => this.lib.ffi[C.SSL_CTX_use_psk_identity_hint](this.ptr, text))
  }
}
