// SSL: one connection, as far as connect() needs it; ssl.ts has the rest. The outcome of its handshake is in ssl-outcome.ts and
// ssl-peer.ts, what is set before it in ssl-settings.ts and ssl-callbacks.ts. Synchronous, no I/O of its own: the caller moves the
// bytes. Methods are OpenSSL's functions less their prefix, and mean what its manual says. Long because it is one class for one type of
// OpenSSL's, a few lines a function.

import { ApiMisuseError, type OpensslError } from '../base/errors.js'
import { SSL_ERROR_SSL, SSL_ERROR_SYSCALL } from '../ffi/constants.gen.js'
import { collected, weakly } from '../ffi/collected.js'
import * as C from '../ffi/functions.gen.js'
import { Lifetime } from '../ffi/lifetime.js'
import { NULL, type Ptr } from '../ffi/pointers.js'
import type { Bio } from './bio.js'
import { outOfMemory, takeErrors } from './err-queue.js'
import type { IoResult, SslErrorCode } from './io-result.js'
import type { LibSsl } from './lib-ssl.js'
import { demandSameInstance, set } from './setters.js'
import { SslCallbacks } from './ssl-callbacks.js'
import type { BasicSslCtx } from './basic-ssl-ctx.js'
import type { SslSession } from './ssl-session.js'

/** An {@link Ssl}, as far as connect() needs it. @openssl SSL_new */
export class BasicSsl extends SslCallbacks {
  /** @internal */ readonly lib: LibSsl
  readonly #life: Lifetime<'SSL'>
  #hasRead = false

  /** @openssl SSL_new */
  constructor(ctx: BasicSslCtx) {
    super()
    const { lib } = ctx
    const ctxPtr = ctx.ptr
    const handle = lib.handles.SSL.add(weakly(this))
    const ptr = lib.ffi[C.SSL_new](ctxPtr, handle)
    if (ptr === 0) {
      lib.handles.SSL.delete(handle)
      throw outOfMemory(lib, 'SSL_new')
    }
    this.lib = lib
    this.#life = new Lifetime('Ssl', ptr, (owned) => {
      lib.handles.SSL.delete(handle)
      lib.ffi[C.SSL_free](owned)
    })
    collected?.register(this, this.#life)
  }

  /** @internal */
  get ptr(): Ptr<'SSL'> {
    return this.#life.ptr
  }

  /** Whether {@link free} was not called yet. */
  get alive(): boolean {
    return this.#life.alive
  }

  // ---- before the handshake ----

  /** Sets what is beneath, for reading and for writing; takes references of its own. @openssl SSL_set_bio */
  setBio(rbio: Bio, wbio: Bio = rbio): void {
    for (const bio of [rbio, wbio]) demandSameInstance(this.lib, bio, 'BIO')
    this.#refuseWhileBusy()
    if (this.lib.ffi[C.SSL_set_bio](this.ptr, rbio.ptr, wbio.ptr) !== 1) throw outOfMemory(this.lib, 'SSL_set_bio')
    this.#bios = [rbio, wbio]
  }

  /** @openssl SSL_set_connect_state */
  setConnectState(): void {
    this.#refuseWhileBusy()
    this.lib.ffi[C.SSL_set_connect_state](this.ptr)
  }

  /** @openssl SSL_set_accept_state */
  setAcceptState(): void {
    this.#refuseWhileBusy()
    this.lib.ffi[C.SSL_set_accept_state](this.ptr)
  }

  /**
   * The session that a client offers to resume; it takes a reference of its own. `undefined`: none. From now on
   * {@link getVerifyResult} gives the result of when the session was made: a resumed handshake verifies nothing.
   * @openssl SSL_set_session
   */
  setSession(session: SslSession | undefined): void {
    demandSameInstance(this.lib, session, 'SslSession')
    this.#refuseWhileBusy()
    set(this.lib, 'Ssl.setSession', () => this.lib.ffi[C.SSL_set_session](this.ptr, session?.ptr ?? NULL))
  }

  /**
   * Leaves a fatal alert in the BIO; the connection cannot be used afterwards. For a refusal that comes after the
   * handshake. @spec RFC 8446 §6.2
   */
  sendFatalAlert(description: number): void {
    this.#refuseWhileBusy()
    this.lib.ffi[C.SSL_send_fatal_alert](this.ptr, description)
  }

  // ---- I/O ----

  /** @openssl SSL_connect */
  connect(): IoResult {
    return this.#io((ssl, error) => this.lib.ffi[C.SSL_connect](ssl, error))
  }

  /** @openssl SSL_accept */
  accept(): IoResult {
    return this.#io((ssl, error) => this.lib.ffi[C.SSL_accept](ssl, error))
  }

  /** The role must be set before. @openssl SSL_do_handshake */
  doHandshake(): IoResult {
    return this.#io((ssl, error) => this.lib.ffi[C.SSL_do_handshake](ssl, error))
  }

  /**
   * Reads plaintext into `target`, one record and 64 KiB at most. An empty `target` is refused: OpenSSL's
   * answer to it tells nothing. @openssl SSL_read
   */
  read(target: Uint8Array): IoResult {
    return this.#readInto('read', target, (ssl, buf, size, error) => this.lib.ffi[C.SSL_read](ssl, buf, size, error))
  }

  /** As {@link read}, and the bytes stay where they are. @openssl SSL_peek */
  peek(target: Uint8Array): IoResult {
    return this.#readInto('peek', target, (ssl, buf, size, error) => this.lib.ffi[C.SSL_peek](ssl, buf, size, error))
  }

  /**
   * Reads record after record, up to `limit` bytes (64 KiB at most), with one copy out for all of them.
   * @param after called after each SSL_read with its result; whether to go on. Nothing is lost if it says no
   * @param into where to; default an array of the size that is needed
   * @internal
   */
  readAvailable(limit: number, after: (result: IoResult) => boolean, into?: Uint8Array): Uint8Array {
    return this.lib.withBuffer(limit, (buf, size) => {
      let filled = 0
      for (let goOn = true; goOn && filled < size;) {
        const result = this.#io((ssl, error) => this.lib.ffi[C.SSL_read](ssl, (buf + filled) as typeof buf, size - filled, error))
        if (result.ret > 0) this.#hasRead = true
        if (result.ret > 0) filled += result.ret
        goOn = after(result)
      }
      if (!into) return this.lib.memory.copyOut(buf, filled)
      this.lib.memory.copyOutTo(buf, filled, into)
      return into.subarray(0, filled)
    })
  }

  /**
   * Writes `bytes`, 64 KiB at most; `ret` says how many were taken. After WANT_READ or WANT_WRITE repeat it with
   * the same bytes. An empty write is refused: OpenSSL leaves it undefined. @openssl SSL_write
   */
  write(bytes: Uint8Array): IoResult {
    this.ptr
    if (bytes.byteLength === 0) throw new ApiMisuseError('ERR_TLS_INVALID_ARGUMENT', 'Ssl.write: there is nothing to write')
    return this.lib.withBuffer(bytes.byteLength, (buf, size) => {
      this.lib.memory.copyIn(bytes.subarray(0, size), buf)
      return this.#io((ssl, error) => this.lib.ffi[C.SSL_write](ssl, buf, size, error))
    })
  }

  /**
   * Writes 0-RTT data, 64 KiB at most. A client does it before {@link connect}, with a session that allows it; a server
   * after {@link readEarlyData} has begun, to a client that has not proved itself yet. 1: all of it was written; 0: not
   * yet (repeat with the same bytes), or not at all. @openssl SSL_write_early_data @spec RFC 8446 §2.3
   */
  writeEarlyData(bytes: Uint8Array): IoResult {
    this.ptr
    if (bytes.byteLength === 0 || bytes.byteLength > 65536) {
      throw new ApiMisuseError('ERR_TLS_INVALID_ARGUMENT', 'Ssl.writeEarlyData: write 1 to 65,536 bytes at a time')
    }
    return this.lib.withBuffer(bytes.byteLength, (buf, size) => {
      this.lib.memory.copyIn(bytes, buf)
      return this.#io((ssl, error) => this.lib.ffi[C.SSL_write_early_data](ssl, buf, size, error))
    })
  }

  /**
   * Reads 0-RTT data on a server, before {@link accept}: `count` bytes of it stand in `target`. `ret` is
   * `SSL_READ_EARLY_DATA_SUCCESS`: there may be more; `_FINISH`: there is none, or no more, go on with `accept`;
   * `_ERROR`: see `error`. @openssl SSL_read_early_data @spec RFC 8446 §2.3
   */
  readEarlyData(target: Uint8Array): IoResult & { readonly count: number } {
    let count = 0
    const result = this.#readInto('readEarlyData', target, (ssl, buf, size, error) => {
      const ret = this.lib.ffi[C.SSL_read_early_data](ssl, buf, size, (error + 4) as typeof error, error)
      count = this.lib.memory.readInt32(error + 4)
      return ret
    }, () => count)
    return { ...result, count }
  }

  /**
   * Sends close_notify. 0: sent, the peer's has not come yet, call again (or read) for the two-sided shutdown;
   * 1: both were exchanged. @openssl SSL_shutdown
   */
  shutdown(): IoResult {
    return this.#io((ssl, error) => this.lib.ffi[C.SSL_shutdown](ssl, error))
  }

  // ---- state ----

  /** What SSL_get_error answered to the last I/O call of this connection. @openssl SSL_get_error */
  getError(): SslErrorCode {
    this.ptr
    return this.#lastError
  }

  /** @internal OpenSSL's reasons for the connection's failure, oldest first. */
  get opensslErrors(): readonly OpensslError[] {
    return this.#errors
  }

  /** @internal What to say of a failure, by its code, on a server. */
  serverAdvice?(code: string): string | undefined

  /** @internal Whether plaintext has come. */
  get hasRead(): boolean {
    return this.#hasRead
  }

  /** @internal See {@link Bio.foreignBytes}. */
  get foreignBytes(): Uint8Array | undefined {
    return this.#bios[0]?.foreignBytes
  }

  /** Plaintext bytes that `read` gives without looking below. @openssl SSL_pending */
  pending(): number {
    return this.lib.ffi[C.SSL_pending](this.ptr)
  }

  /**
   * OpenSSL's names of the cipher suites that remain of those that were set, by versions and security level, most wanted first.
   * @openssl SSL_get1_supported_ciphers
   */
  getSupportedCiphers(): string[] {
    const names: string[] = []
    for (let name; (name = this.lib.ffi[C.SSL_get_supported_cipher_name](this.ptr, names.length)) !== 0;) {
      names.push(this.lib.memory.readCString(name))
    }
    return names
  }

  /** @internal Whether there are any. */
  hasSupportedCiphers(): boolean {
    return this.lib.ffi[C.SSL_get_supported_cipher_name](this.ptr, 0) !== 0
  }

  /** `TLS1_2_VERSION` or `TLS1_3_VERSION`; 0: the lowest there is. @openssl SSL_get_min_proto_version */
  getMinProtoVersion(): number {
    return this.lib.ffi[C.SSL_get_min_proto_version](this.ptr)
  }

  /** `TLS1_2_VERSION` or `TLS1_3_VERSION`; 0: the highest there is. @openssl SSL_get_max_proto_version */
  getMaxProtoVersion(): number {
    return this.lib.ffi[C.SSL_get_max_proto_version](this.ptr)
  }

  /** @openssl SSL_is_init_finished */
  isInitFinished(): boolean {
    return this.lib.ffi[C.SSL_is_init_finished](this.ptr) === 1
  }

  /** Whether the handshake is at reading certificates, or names of their issuers. @openssl SSL_get_state */
  readsCertList(): boolean {
    return this.lib.ffi[C.SSL_reads_cert_list](this.ptr) === 1
  }

  /** @openssl SSL_is_server */
  isServer(): boolean {
    return this.lib.ffi[C.SSL_is_server](this.ptr) === 1
  }

  /** For example `SSLv3/TLS write client hello`. @openssl SSL_state_string_long */
  stateStringLong(): string {
    return this.lib.memory.readCString(this.lib.ffi[C.SSL_state_string_long](this.ptr))
  }

  /** New keys for all that is sent from now on (TLS 1.3); `SSL_KEY_UPDATE_…`. Goes out with the next write. @openssl SSL_key_update */
  keyUpdate(type: number): void {
    set(this.lib, 'Ssl.keyUpdate', () => this.lib.ffi[C.SSL_key_update](this.ptr, type))
  }

  /**
   * Asks the client for its certificate after the handshake (TLS 1.3, servers, if the client offered it). Goes out with the
   * next write; the answer comes with reading. @openssl SSL_verify_client_post_handshake @spec RFC 8446 §4.6.2
   */
  verifyClientPostHandshake(): void {
    set(this.lib, 'Ssl.verifyClientPostHandshake', () => this.lib.ffi[C.SSL_verify_client_post_handshake](this.ptr))
  }

  /** How many Finished messages of the client a server has read: one a handshake, one an authentication after it. */
  getClientFinishedCount(): number {
    return this.lib.ffi[C.SSL_get_client_finished_count](this.ptr)
  }

  /** Frees the connection, and its references to BIOs and context. Again does nothing. @openssl SSL_free */
  free(): void {
    // A callback may free the connection that called it: OpenSSL must have let go of it first.
    this.#life.free((free) => {
      if (this.#busy) this.#freeAfterCall = free
      else free()
    })
  }

  // ---- private ----

  #lastError: SslErrorCode = 0
  #errors: readonly OpensslError[] = []
  #busy = false
  #freeAfterCall: (() => void) | undefined
  /** OpenSSL refers to them, too, but to nothing of theirs in JavaScript. */
  #bios: readonly Bio[] = []

  #io(call: (ssl: Ptr<'SSL'>, error: Ptr<'int'>) => number): IoResult {
    this.#refuseWhileBusy()
    const ssl = this.ptr
    const slot = this.lib.slot<'int'>()
    this.#busy = true
    try {
      const ret = call(ssl, slot)
      return { ret, error: this.#takeError(slot) }
    } catch (thrown) {
      if (!this.lib.border.aborted) this.#takeError(slot) // a callback's: the call has ended as others do
      throw thrown
    } finally {
      this.#busy = false
      this.#freeAfterCall?.()
      this.#freeAfterCall = undefined
    }
  }

  #takeError(slot: Ptr<'int'>): SslErrorCode {
    this.#lastError = this.lib.memory.readInt32(slot) as SslErrorCode
    // The queue is the instance's: the next connection would take errors that are left there for its own.
    if (this.#lastError === SSL_ERROR_SSL || this.#lastError === SSL_ERROR_SYSCALL) this.#keepErrors()
    return this.#lastError
  }

  /** A failed connection that is asked again raises no errors any more; the first ones are the reason. */
  #keepErrors(): void {
    const errors = takeErrors(this.lib)
    if (errors.length > 0) this.#errors = errors
  }

  /** OpenSSL does not expect a callback to use the very connection that called it. */
  #refuseWhileBusy(): void {
    if (this.#busy) throw new ApiMisuseError('ERR_TLS_INVALID_STATE', 'this Ssl is in the middle of a call, whose callback this is')
  }

  #readInto(
    method: string, target: Uint8Array, call: (ssl: Ptr<'SSL'>, buf: Ptr<'uint8_t'>, size: number, error: Ptr<'int'>) => number,
    countOf = (result: IoResult) => result.ret,
  ): IoResult {
    this.ptr
    if (target.byteLength === 0) throw new ApiMisuseError('ERR_TLS_INVALID_ARGUMENT', `Ssl.${method}: there is no room in target`)
    return this.lib.withBuffer(target.byteLength, (buf, size) => {
      const result = this.#io((ssl, error) => call(ssl, buf, size, error))
      if (result.ret > 0) {
        this.#hasRead ||= countOf(result) > 0
        this.lib.memory.copyOutTo(buf, countOf(result), target)
      }
      return result
    })
  }
}
