// SSL_SESSION: what two peers agreed on, and the secret to take it up again. As bytes it goes anywhere: into a file, to
// another process, to another runtime.

import { decodeUtf8, utf8 } from '../base/bytes.js'
import * as C from '../ffi/functions.gen.js'
import { Lifetime } from '../ffi/lifetime.js'
import type { Owned, Ptr } from '../ffi/pointers.js'
import { outOfMemory } from './err-queue.js'
import type { LibSsl } from './lib-ssl.js'
import { refusal, setBytes, setText } from './setters.js'
import { readX509 } from './x509-contents.js'
import type { X509 } from './x509.js'

/** A session that can be resumed: what a later handshake needs to be shorter. @openssl SSL_SESSION_dup */
export class SslSession {
  /** @internal */ readonly lib: LibSsl
  readonly #life: Lifetime<'SSL_SESSION'>

  /** @internal Use {@link fromBytes} or {@link Ssl.get1Session}. Takes the reference. */
  constructor(lib: LibSsl, ptr: Owned<'SSL_SESSION'>) {
    this.lib = lib
    this.#life = new Lifetime('SslSession', ptr, (owned) => { lib.ffi[C.SSL_SESSION_free](owned) })
  }

  /**
   * Reads what {@link toBytes} wrote, here or elsewhere, and copies it. Throws `ApiMisuseError` with OpenSSL's code for
   * anything but exactly one session. @openssl d2i_SSL_SESSION
   */
  static fromBytes(lib: LibSsl, bytes: Uint8Array): SslSession {
    const ptr = lib.memory.scope((scope) => lib.ffi[C.SSL_SESSION_from_bytes](scope.bytes(bytes), bytes.byteLength))
    if (ptr === 0) throw refusal(lib, 'not a session')
    return new SslSession(lib, ptr)
  }

  /** @internal */
  get ptr(): Ptr<'SSL_SESSION'> {
    return this.#life.ptr
  }

  /** ASN.1 of OpenSSL's own. It holds the secret: anyone who has it can take up the session. @openssl i2d_SSL_SESSION */
  toBytes(): Uint8Array<ArrayBuffer> {
    const bytes = this.lib.memory.collect((buf, size) => this.lib.ffi[C.SSL_SESSION_to_bytes](this.ptr, buf, size))
    if (!bytes) throw outOfMemory(this.lib, 'i2d_SSL_SESSION')
    return bytes
  }

  /** When it was made, in seconds since 1970-01-01 UTC. @openssl SSL_SESSION_get_time_ex */
  getTime(): number {
    return Number(this.lib.ffi[C.SSL_SESSION_get_time](this.ptr))
  }

  /** How long it may be resumed, in seconds. @openssl SSL_SESSION_get_timeout */
  getTimeout(): number {
    return this.lib.ffi[C.SSL_SESSION_get_timeout](this.ptr)
  }

  /** How long the server says that its ticket is good, in seconds; 0 if it has not said. @openssl SSL_SESSION_get_ticket_lifetime_hint */
  getTicketLifetimeHint(): number {
    return this.lib.ffi[C.SSL_SESSION_get_ticket_lifetime_hint](this.ptr)
  }

  /** @openssl SSL_SESSION_is_resumable */
  isResumable(): boolean {
    return this.lib.ffi[C.SSL_SESSION_is_resumable](this.ptr) === 1
  }

  /** `TLS1_2_VERSION` or `TLS1_3_VERSION`. @openssl SSL_SESSION_get_protocol_version */
  getProtocolVersion(): number {
    return this.lib.ffi[C.SSL_SESSION_get_protocol_version](this.ptr)
  }

  /** @openssl SSL_SESSION_has_ticket */
  hasTicket(): boolean {
    return this.getTicketLength() > 0
  }

  /**
   * In bytes; 0 if there is no ticket. A ClientHello cannot carry the longest ones: all its extensions take 65,535 bytes at most.
   * @openssl SSL_SESSION_get0_ticket
   */
  getTicketLength(): number {
    return this.getTicket()?.byteLength ?? 0
  }

  /** A copy of the ticket, as the server gave it. @openssl SSL_SESSION_get0_ticket @spec RFC 5077 §3.3, RFC 8446 §4.6.1 */
  getTicket(): Uint8Array<ArrayBuffer> | undefined {
    const slot = this.lib.slot<'uint32_t'>()
    const ticket = this.lib.ffi[C.SSL_SESSION_get0_ticket](this.ptr, slot)
    const length = this.lib.memory.readInt32(slot)
    return length === 0 ? undefined : this.lib.memory.copyOut(ticket, length)
  }

  /** How much 0-RTT data the server takes with it, in bytes. @openssl SSL_SESSION_get_max_early_data */
  getMaxEarlyData(): number {
    return this.lib.ffi[C.SSL_SESSION_get_max_early_data](this.ptr)
  }

  /** The name that was asked for (SNI). @openssl SSL_SESSION_get0_hostname */
  get0Hostname(): string | undefined {
    return this.lib.memory.optionalCString(this.lib.ffi[C.SSL_SESSION_get0_hostname](this.ptr))
  }

  /** Has {@link get0Hostname} say otherwise: as bytes the session keeps it. Copied. @openssl SSL_SESSION_set1_hostname */
  set1Hostname(hostname: string): void {
    setText(this.lib, 'SslSession.set1Hostname', hostname, (text) => this.lib.ffi[C.SSL_SESSION_set1_hostname](this.ptr, text))
  }

  /**
   * The application protocol that early data is for: of the full handshake that it goes back to, whatever resumed connections
   * have agreed on since. @openssl SSL_SESSION_get0_alpn_selected
   */
  get0AlpnSelected(): string | undefined {
    const slot = this.lib.slot<'uint32_t'>()
    const name = this.lib.ffi[C.SSL_SESSION_get0_alpn_selected](this.ptr, slot)
    const length = this.lib.memory.readInt32(slot)
    return length === 0 ? undefined : decodeUtf8(this.lib.memory.copyOut(name, length))
  }

  /** Has {@link get0AlpnSelected} say otherwise. Copied. @openssl SSL_SESSION_set1_alpn_selected */
  set1AlpnSelected(protocol: string): void {
    const name = utf8(protocol)
    setBytes(this.lib, 'SslSession.set1AlpnSelected', this.ptr, name, this.lib.ffi[C.SSL_SESSION_set1_alpn_selected])
  }

  /** A copy of the peer's certificate. @openssl SSL_SESSION_get0_peer */
  getPeer(): X509 | undefined {
    const cert = this.lib.ffi[C.SSL_SESSION_get0_peer](this.ptr)
    return cert === 0 ? undefined : readX509(this.lib, cert)
  }

  /**
   * @internal When it ends, in milliseconds since 1970, if it lives so many seconds: with the peer's certificate at the latest, which
   * a resumed connection is not shown again.
   */
  expiresAtMs(lifeSeconds: number): number {
    return Math.min((this.getTime() + lifeSeconds) * 1000, this.getPeer()?.validTo.getTime() ?? Infinity)
  }

  /** Gives up this reference. A connection that uses the session keeps its own. Again does nothing. */
  free(): void {
    this.#life.free()
  }
}
