// The one async loop between OpenSSL and a transport. Long because the invariants are documented beside the code that
// keeps them.
//
// OpenSSL is synchronous: a call either does what it was asked to, or says that it wants to read or to write. The
// loop (#drive) repeats a call, moving ciphertext between the pair's network half and the transport in between,
// until the call is content. Handshake, reading, writing and closing are the same loop around different calls, and
// may run side by side. What must hold:
//
//   1. No await inside an SSL call.
//   2. After every SSL call the network half is drained, before the result is judged: if both sides wait for the peer
//      while records lie in their pairs, they wait for ever (BIO_s_bio(3)).
//   3. One await a turn: send if there is something to send, else receive.
//   4. Sends are first-in first-out: blocks reach the transport's writer in the order in which OpenSSL made them,
//      with no await between taking and queueing. One receive is in flight at a time, however many calls wait for it.
//   5. An interrupted write is repeated with the same bytes. They come from another address each time, and a
//      record's worth may be accepted alone: SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER.
//   6. WANT_WRITE is real: the pair is bounded. Draining makes room.
//   7. The transport's end becomes BIO_shutdown_wr. It is clean only after close_notify, else it is a truncation; OpenSSL judges,
//      by SSL_OP_IGNORE_UNEXPECTED_EOF, too.
//   8. A fatal error is for ever: what lies in the pair (the alert) is offered to the transport once, later calls
//      throw the same error, and SSL_shutdown is not called any more. Anything an SSL call or the observer throws is
//      treated as fatal.
//   9. close_notify is sent once. Waiting for the peer's is the caller's choice, with a deadline. A peer that sent
//      its own may hang up without reading ours (RFC 8446 §6.1): that is clean.
//  10. The transport is read only when plaintext is asked for and the pair holds no more of it: back-pressure.
//      What was decrypted before an error is delivered before the error. Reading never waits for a send, unless its own
//      replies (for example to refused renegotiations) pile up: a peer that does not read until we do must not block us.
//  11. A call that waits for a decision (decisions.ts) is repeated when it has been made. If the connection ends first,
//      the pending decision becomes a refusal, and the call is repeated once so that OpenSSL writes its alert.
//  12. Early data (0-RTT, RFC 8446 §2.3) comes before the handshake's own calls. A server may write meanwhile, to a client whose
//      early data it has taken; nothing else is written before the handshake is done.
//  13. A handshake is not done before its reviews (decisions.ts) are: until then no byte of the application's is read or sent.
//  14. Waiting for a decision ends with the connection, and so does the time limit of that decision.
//  15. The pair holds no buffers while nothing moves: they are released after each turn of the loop that leaves it empty.
//  16. A failed send ends writing, not reading (send-failure.ts). What comes after it tells how the connection ends: an alert
//      is its error; else, once the transport has no more to give or nothing is asked of it, the failure to send is.
//  17. A connection that has ended well is CLOSED only when the transport has accepted our last bytes, in the given time.

import { DeadlineError, PeerError, TransportError, TruncationError } from '../base/errors.js'
import { deferred, type Deferred } from '../base/deferred.js'
import { LAST_WORDS_MS } from '../base/linger.js'
import { asRefusal } from '../base/realms.js'
import type { BasicSsl } from '../core/basic-ssl.js'
import { fatalError, transportError } from '../core/fatal-error.js'
import { handshakeProgress } from '../core/handshake-progress.js'
import { sslErrorName, type IoResult } from '../core/io-result.js'
import {
  SSL_AD_CERTIFICATE_UNKNOWN, SSL_AD_INTERNAL_ERROR, SSL_ERROR_WANT_CLIENT_HELLO_CB, SSL_ERROR_WANT_READ, SSL_ERROR_WANT_RETRY_VERIFY,
  SSL_ERROR_WANT_WRITE, SSL_ERROR_WANT_X509_LOOKUP, SSL_ERROR_ZERO_RETURN, SSL_READ_EARLY_DATA_FINISH,
} from '../ffi/constants.gen.js'
import { LateCertificate } from './late-certificate.js'
import type { EarlyData, IoEvent, PumpOptions, Verdict } from './pump-options.js'
import { SendFailure } from './send-failure.js'
import { readingStates, StateMachine, StateTable, type State } from './states.js'
import { closeTimeout, FifoLock, Interrupt, isCloseTimeout, lateClosedError, withDeadline } from './waiting.js'
import { BATCH_BYTES, EARLY_WRITE_BYTES, RECORD_BYTES, Wire } from './wire.js'

/** What is waited for in the loop. `writing` fails once sending has failed; the others go on with what comes. */
type Purpose = 'handshake' | 'reading' | 'writing'

export class Pump {
  readonly #options: PumpOptions
  readonly #ssl: BasicSsl
  readonly #wire: Wire
  readonly #machine = new StateMachine()
  readonly #reading = new StateTable<keyof typeof readingStates>(readingStates, 'WANTED')
  readonly #lateCertificate = new LateCertificate()
  /** close_notify comes after the writes that were asked for before it. */
  readonly #writing = new FifoLock()
  /** Tripped when the connection ends, cleanly or not. */
  readonly #ending = new Interrupt()
  /** Tells the peer, if the connection ends while a decision is pending. */
  #refuse: ((error: unknown) => unknown) | undefined
  /** How many calls of {@link read} wait. */
  #readers = 0
  /** Resolved when plaintext has been read, for those that look at what stands behind it. */
  #progress: Deferred<void> | undefined
  /** What reading made us send and the transport has not accepted yet. */
  #unsentReplyBytes = 0
  #sendFailure: SendFailure | undefined
  /** Settles when the transport has accepted our last bytes, or was given up. */
  #left: Promise<void> | undefined

  constructor(options: PumpOptions) {
    this.#options = options
    this.#ssl = options.ssl
    this.#wire = new Wire(options.pair, options.port)
    // Another connection of the instance may trap while this one only waits.
    options.ssl.onAbort = (error) => this.break(error)
  }

  get state(): State {
    return this.#machine.state
  }

  /** How far the handshake has come, for a message. `callbacks`: the options that may have been asked. */
  handshakeProgress(callbacks: readonly string[]): string {
    if (this.#machine.ended) return 'the connection has ended'
    return handshakeProgress(this.#ssl, { ...this.#wire.progress, deciding: this.#refuse !== undefined }, callbacks)
  }

  /**
   * Runs SSL_connect or SSL_accept to its end. `describe` is called then, while nothing can have changed; `finished` before that, with
   * our last messages still unsent: a connection that it breaks with a `TransportError` goes without them.
   */
  async handshake<T>(
    call: 'SSL_connect' | 'SSL_accept', describe: (ssl: BasicSsl) => T, { send, receive }: EarlyData = {}, finished?: () => void,
  ): Promise<T> {
    this.#machine.throwIfBroken()
    this.#machine.to('HANDSHAKE')
    for (let at = 0; send && at < send.byteLength; at += RECORD_BYTES) {
      const piece = send.subarray(at, at + RECORD_BYTES)
      await this.#drive(() => this.#judge('SSL_write_early_data', this.#ssl.writeEarlyData(piece)), 'handshake')
    }
    if (receive) await this.#drive(() => this.#readEarly(receive), 'handshake')
    await this.#drive(() => {
      const verdict = this.#judge(call, call === 'SSL_connect' ? this.#ssl.connect() : this.#ssl.accept())
      if (verdict === 'done') finished?.()
      return verdict
    }, 'handshake')
    await this.#review()
    this.#machine.to('OPEN')
    const description = this.#attempt(() => describe(this.#ssl))
    this.#machine.throwIfBroken()
    if (this.#sendFailure) {
      this.#lookAhead().catch(() => {}) // it broke the connection, and that is what the guard tells
      await this.#ending.guard(this.#sendFailure.explained.promise)
    }
    return description as T
  }

  /** A step: reads early data until there is no more, or there was none. */
  #readEarly(receive: (bytes: Uint8Array<ArrayBuffer>) => void): Verdict {
    const buffer = new Uint8Array(RECORD_BYTES)
    const result = this.#ssl.readEarlyData(buffer)
    const verdict = this.#judge('SSL_read_early_data', result)
    if (verdict === 'done' && result.count > 0) receive(buffer.slice(0, result.count))
    return verdict === 'done' && result.ret !== SSL_READ_EARLY_DATA_FINISH ? 'again' : verdict
  }

  #review(): Promise<void> {
    const refuse = (error: unknown) => this.#ssl.sendFatalAlert(asRefusal(error)?.alert.description ?? SSL_AD_CERTIFICATE_UNKNOWN)
    return this.#decided(this.#options.decisions.review(), refuse)
  }

  /**
   * The next plaintext, one byte at least and `limit` at most, in `into` if that is given; `undefined` once the
   * peer has sent close_notify, or {@link close} has ended the connection. While it is DISCARDED, every reader throws away what
   * comes, and waits for the end: else its stream would have a hole.
   */
  async read(limit: number, into?: Uint8Array): Promise<Uint8Array | undefined> {
    let bytes: Uint8Array | undefined
    this.#readers++
    try {
      await this.#drive(() => {
        const { state } = this.#reading
        if (state === 'ENDED') return 'done'
        let verdict!: Verdict
        const got = this.#ssl.readAvailable(limit, (result) => {
          verdict = this.#judge('SSL_read', result)
          return verdict === 'again' || (verdict === 'done' && result.ret > 0)
        }, into)
        if (got.byteLength === 0) return verdict
        this.#progress?.resolve()
        this.#progress = undefined
        if (state === 'DISCARDING') return 'again'
        bytes = got
        return 'done'
      }, 'reading')
    } catch (error) {
      if (this.#reading.state !== 'ENDED') throw error // else another reader has come to the end meanwhile
    } finally {
      this.#readers--
    }
    if (!bytes) this.#finishIfDone() // not before: close_notify may have come with the last plaintext
    return bytes
  }

  /**
   * Reads messages without a reader, until `enough` or the peer's close_notify. Plaintext before them is left to {@link read},
   * and what stands behind it is seen only then. What a failed send can be explained by is known at either.
   */
  async #lookAhead(enough = () => false): Promise<void> {
    const byte = new Uint8Array(1)
    for (;;) {
      const progress = (this.#progress ??= deferred()).promise
      let plaintext = false
      await this.#drive(() => {
        if (this.#reading.state === 'ENDED' || enough()) return 'done'
        const result = this.#ssl.peek(byte)
        plaintext = result.ret > 0
        const verdict = this.#judge('SSL_peek', result)
        return verdict === 'want read' && enough() ? 'done' : verdict
      }, 'reading')
      if (this.#sendFailure) {
        this.#sendFailure.explained.resolve()
        this.#finishIfDone()
      }
      if (!plaintext || enough()) return
      await this.#ending.guard(progress)
    }
  }

  /** Encrypts and sends all of `bytes`. They must not change until then. Before the handshake is done: see invariant 12. */
  write(bytes: Uint8Array): Promise<void> {
    return this.#writing.run(() => {
      this.#machine.demand('this connection is not open for writing', 'HANDSHAKE', 'OPEN')
      let offset = 0
      return this.#drive(() => {
        let verdict: Verdict = 'done'
        while ((verdict === 'done' || verdict === 'again') && offset < bytes.byteLength && this.#wire.unsentBytes < BATCH_BYTES) {
          const early = this.#machine.state === 'HANDSHAKE' && !this.#ssl.isInitFinished()
          const piece = bytes.subarray(offset, offset + (early ? EARLY_WRITE_BYTES : RECORD_BYTES))
          const result = early ? this.#ssl.writeEarlyData(piece) : this.#ssl.write(piece)
          if (result.ret > 0) offset += early ? piece.byteLength : result.ret
          verdict = this.#judge(early ? 'SSL_write_early_data' : 'SSL_write', result, bytes.byteLength - offset)
        }
        return verdict === 'done' && offset < bytes.byteLength ? 'again' : verdict
      }, 'writing')
    })
  }

  /** What `look` sees of the open connection. It must not change anything; what it throws is the caller's. */
  inspect<T>(look: (ssl: BasicSsl) => T): T {
    this.#machine.demand('this connection is not open', 'OPEN', 'CLOSING')
    return look(this.#ssl)
  }

  /**
   * Sends the message that `begin` asks OpenSSL for, for example a key update; settles when the transport has accepted
   * it. What `begin` throws is the caller's, and the connection goes on.
   */
  sendMessage(begin: (ssl: BasicSsl) => void): Promise<void> {
    return this.#writing.run(async () => {
      const finish = () => this.#drive(() => this.#judge('SSL_do_handshake', this.#ssl.doHandshake()), 'writing')
      for (;;) {
        this.#machine.demand('this connection is not open for writing', 'OPEN')
        if (this.#ssl.isInitFinished()) break
        await finish() // a part of another message was read, or could not be written yet
      }
      begin(this.#ssl)
      await finish()
    })
  }

  /**
   * Asks the client for its certificate, and settles with what `describe` sees when the answer was verified, and reviewed
   * as after a handshake. Messages are read meanwhile, but plaintext before them is left to {@link read}. One at a time.
   */
  async authenticateClient<T>(describe: (ssl: BasicSsl) => T): Promise<T> {
    const request = this.#lateCertificate
    this.inspect((ssl) => request.begin(ssl))
    try {
      await this.sendMessage((ssl) => ssl.verifyClientPostHandshake())
      await this.#lookAhead(() => request.state === 'REVIEWING')
      if (request.state === 'ASKED' && !this.#machine.ended) {
        throw new PeerError('ERR_TLS_HANDSHAKE_CLOSED', 'the client said goodbye before it answered', { alert: this.#ssl.getAlert() })
      }
      await this.#review()
      return this.inspect(describe)
    } finally {
      request.to('NONE')
    }
  }

  /** Sends close_notify, once. Reading may go on. */
  closeWriting(): Promise<void> {
    return this.#writing.run(async () => {
      this.#machine.throwIfBroken()
      if (this.#machine.state !== 'OPEN') return
      await this.#drive(() => {
        if (!this.#ssl.isInitFinished()) {
          // A part of a ticket or key update was read, and SSL_shutdown fails until the rest is.
          const verdict = this.#judge('SSL_do_handshake', this.#ssl.doHandshake())
          return verdict === 'done' ? 'again' : verdict
        }
        const verdict = this.#judge('SSL_shutdown', this.#ssl.shutdown())
        if (verdict !== 'done') return verdict
        this.#machine.to('CLOSING')
        this.#finishIfDone() // then it is the last word, and not waited for like a message
        return verdict
      }, 'writing')
      await this.#left
    })
  }

  /** Plaintext will not be read any more. */
  stopReading(): void {
    if (this.#reading.state === 'WANTED') this.#reading.to('UNWANTED')
    this.#finishIfDone()
  }

  /**
   * Sends close_notify, waits for the peer's if `waitForPeer` says so, and ends the transport. `flush` goes first: it sees
   * to what is not yet written. If the peer is waited for, all plaintext is thrown away from now on: the peer may be unable
   * to listen before it has spoken. Peer and transport decide how long this takes: the caller sets a limit, and then
   * calls {@link break} with {@link closeTimeout}.
   */
  async close(waitForPeer: boolean, flush?: () => Promise<void>): Promise<void> {
    if (this.#sendFailure) this.#finish()
    if (!waitForPeer) this.stopReading()
    else if (this.#reading.state === 'WANTED' || this.#reading.state === 'UNWANTED') this.#reading.to('DISCARDING')
    const said = Promise.resolve().then(flush).then(() => this.closeWriting())
    await Promise.all([said, waitForPeer && this.read(BATCH_BYTES)]).catch((error: unknown) => {
      this.break(error)
      throw error
    })
    this.#finish()
    await this.#left
    this.#machine.throwIfBroken()
  }

  /**
   * Ends the connection for ever with `reason`, unless it has ended already. If all was said, and only the transport has
   * yet to accept it, the transport is given up; that is a failure only if it took too long ({@link closeTimeout}).
   */
  break(reason: unknown): void {
    if (this.#machine.state === 'CLOSED' || this.#machine.state === 'BROKEN') return
    if (this.#machine.state === 'LEAVING' && !isCloseTimeout(reason)) return this.#wire.giveUp(reason)
    const fromTransport = reason instanceof TransportError || reason instanceof TruncationError
    const error = fromTransport && this.#sendFailure ? this.#sendFailure.error : reason
    this.#machine.break(error)
    this.#sendFailure?.end()
    this.#options.decisions.refuse(error)
    quietly(() => this.#refuse?.(error))
    quietly(() => this.#wire.drain()) // the alert, of a call that a callback's error has ended
    this.#release(() => error)
    const silent = this.#wire.unsentBytes === 0 || this.#sendFailure || error instanceof TransportError || isCloseTimeout(error)
    if (silent) this.#wire.giveUp(error)
    else void withDeadline(LAST_WORDS_MS, () => this.#wire.giveUp(error), this.#wire.leave(() => error))
    this.#options.onBroken(error)
  }

  // ---- the loop ----

  /** Repeats `step` until it is done. What `reading` makes us send need not be waited for. */
  async #drive(step: () => Verdict, purpose: Purpose): Promise<void> {
    for (;;) {
      this.#machine.throwIfBroken()
      if (this.#machine.ended) return
      if (this.#sendFailure && purpose === 'writing') {
        await this.#ending.guard(this.#sendFailure.explained.promise)
        throw this.#sendFailure.error
      }
      const verdict = this.#attempt(step)
      if (!this.#machine.ended) this.#wire.rest()
      if (this.#wire.unsentBytes > 0) {
        const accepted = await this.#send(purpose)
        // It may have been received meanwhile, or could not be sent.
        if (verdict === 'want read' || (!accepted && purpose === 'writing')) continue
      }
      if (verdict === 'done') return
      if (verdict === 'want read') {
        try {
          await this.#wire.receive()
        } catch (error) {
          this.#lose(error)
        }
      }
      if (verdict === 'undecided') await this.#decided(this.#options.decisions.pending ?? Promise.resolve(), step)
    }
  }

  /** Nothing can be received any more. */
  #lose(error: unknown): void {
    this.break(error instanceof TransportError && !this.#machine.ended ? transportError(this.#ssl, error) : error)
  }

  /**
   * Waits for a decision while there is a connection, and no longer than its time limit. If the decision rejects, the connection
   * breaks with that error. `refuse` tells the peer if the connection ends first: a call that is repeated then is refused.
   */
  async #decided(decision: Promise<void>, refuse: (error: unknown) => unknown): Promise<void> {
    const limitMs = this.#machine.state === 'HANDSHAKE' ? 0 : this.#options.decisionTimeoutMs ?? 0
    const late = () => this.break(new DeadlineError('ERR_TLS_HANDSHAKE_TIMEOUT', `no decision about a certificate within ${limitMs} ms`))
    this.#refuse = refuse
    await withDeadline(limitMs, late, this.#ending.guard(decision)).catch((error: unknown) => {
      if (!this.#machine.ended) this.break(error)
    })
    this.#refuse = undefined
    this.#machine.throwIfBroken()
  }

  #attempt<T>(step: () => T): T | 'broken' {
    try {
      return step()
    } catch (error) {
      // Where OpenSSL does not learn of it (an observer's error), the peer gets its alert from here.
      quietly(() => this.#ssl.getAlert() ?? this.#ssl.sendFatalAlert(asRefusal(error)?.alert.description ?? SSL_AD_INTERNAL_ERROR))
      this.break(error)
      return 'broken'
    }
  }

  /**
   * To be called after each SSL call: drains the network half, tells the observer, who may end the connection, and returns
   * the call's outcome. Breaks the connection on a fatal result. `moreToCome`: plaintext that will follow.
   */
  #judge(call: IoEvent['call'], { ret, error }: IoResult, moreToCome = 0): Verdict {
    const reads = call === 'SSL_read' || call === 'SSL_peek'
    const sentBytes = this.#wire.drain(moreToCome)
    const receivedBytes = this.#wire.takeFedBytes()
    this.#lateCertificate.notice(this.#ssl)
    if (reads) this.#sendFailure?.wait(ret > 0 || this.#readers > 0)
    this.#options.onIo?.({ call, ret, error: sslErrorName(error), sentBytes, receivedBytes })
    if (this.#machine.ended) return 'broken'
    // 0 from SSL_shutdown(3) is success: ours is sent, and the peer's has not come.
    if (ret > 0 || (ret === 0 && call === 'SSL_shutdown')) return 'done'
    switch (error) {
      case SSL_ERROR_WANT_READ:
        return this.#wire.feed() ? 'again' : 'want read'
      case SSL_ERROR_WANT_WRITE:
        return 'again'
      case SSL_ERROR_WANT_X509_LOOKUP:
      case SSL_ERROR_WANT_CLIENT_HELLO_CB:
      case SSL_ERROR_WANT_RETRY_VERIFY:
        if (this.#options.decisions.pending) return 'undecided'
        break
      case SSL_ERROR_ZERO_RETURN:
        if (!reads) break
        this.#reading.to('ENDED')
        return 'done'
    }
    this.break(fatalError(this.#ssl, { ret, error }))
    return 'broken'
  }

  /** Sends what was drained, and waits for the transport to accept it, unless it is a reader's reply. Whether it has. */
  async #send(purpose: Purpose): Promise<boolean> {
    const size = this.#wire.unsentBytes
    const sent = this.#wire.send().catch((error: TransportError) => {
      if (this.#machine.ended || this.#sendFailure) return false
      this.#sendFailure = new SendFailure(error, this.#options.closeTimeoutMs ?? 0, () => this.break(error))
      // The handshake reads anyway. It may break the connection: the next call is told.
      if (this.#machine.state !== 'HANDSHAKE') this.#lookAhead().catch(() => {})
      return false
    })
    if (purpose === 'reading') {
      this.#unsentReplyBytes += size
      void sent.then(() => { this.#unsentReplyBytes -= size })
      if (this.#unsentReplyBytes <= BATCH_BYTES) return true
    }
    return sent
  }

  // ---- the end ----

  #finishIfDone(): void {
    if (this.#machine.state !== 'CLOSING' && !this.#sendFailure) return
    if (this.#reading.state === 'ENDED' || this.#reading.state === 'UNWANTED') this.#finish()
  }

  #finish(): void {
    if (this.#machine.ended) return
    if (this.#sendFailure) return this.break(this.#sendFailure.error)
    this.#machine.to('LEAVING')
    const reason = lateClosedError()
    this.#release(reason)
    const limitMs = this.#options.closeTimeoutMs ?? 0
    this.#left = withDeadline(limitMs, () => this.break(closeTimeout(limitMs)), this.#wire.leave(reason)).then(() => {
      if (this.#machine.state !== 'LEAVING') return
      this.#machine.to('CLOSED')
      this.#options.onClosed()
    })
  }

  #release(reason: () => unknown): void {
    this.#ending.tripLate(reason)
    quietly(() => {
      this.#ssl.free()
      this.#options.pair.free()
    })
  }
}

/**
 * For calls while a connection ends: it has its error already, and the instance itself reports a trap to all its connections. After a
 * trap the border refuses each call: nothing in that memory can be trusted, the allocator's lists least of all.
 */
function quietly(call: () => unknown): void {
  try {
    call()
  } catch {}
}
