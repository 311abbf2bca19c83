// `libssl-wasm connect`: a client that says what it found, and then carries standard input and output.

import { CertificateError, connect, load, type ConnectOptions, type LibSsl, type TlsConnection, type X509 } from '../../index.js'
import { chainOf } from './chain.js'
import { connectFlags, connectHelp, readConnectRequest, writtenTarget, type ConnectRequest } from './connect-flags.js'
import { dial } from './dial.js'
import { newDiagnosis, type Diagnosis } from './diagnosis.js'
import { exitStatus, isUsageError } from './exit-status.js'
import { writeFlagFile } from './flags.js'
import { look } from './look.js'
import { carry, waitForEnd } from './pipes.js'
import { onSignals } from './signals.js'
import { Teller } from './teller.js'

export async function connectCommand(args: readonly string[]): Promise<number> {
  const request = readConnectRequest(args)
  if (!request) {
    process.stdout.write(connectHelp())
    return exitStatus.good
  }
  const libssl = await load()
  return new ConnectCommand(request, libssl).run()
}

class ConnectCommand {
  readonly #request: ConnectRequest
  readonly #libssl: LibSsl
  readonly #diagnosis: Diagnosis
  readonly #teller: Teller
  readonly #interrupted = new AbortController()
  /** Why the last session is not in its file. */
  #notKept: unknown

  constructor(request: ConnectRequest, libssl: LibSsl) {
    const { options, check, json, trace } = request
    this.#request = request
    this.#libssl = libssl
    this.#diagnosis = newDiagnosis('client', writtenTarget(request), options.acceptedNames ? undefined : options.servername)
    const out = check ? process.stdout : process.stderr
    this.#teller = new Teller({ out, json, trace, flags: connectFlags, offered: options })
  }

  async run(): Promise<number> {
    const { check, keepOpen } = this.#request
    const diagnosis = this.#diagnosis
    let signalled: number | undefined
    onSignals((status, reason) => {
      signalled = status
      this.#interrupted.abort(reason)
    })
    const tls = await this.#open()
    this.#teller.handshake(diagnosis)
    if (tls && diagnosis.error === undefined) {
      try {
        await (check ? waitForEnd(tls, diagnosis) : carry(tls, diagnosis, keepOpen))
      } catch (error) {
        diagnosis.error = error
        tls.abort(error)
      }
      diagnosis.error ??= this.#notKept
      diagnosis.timeline.mark('end')
    }
    const status = this.#teller.end(diagnosis)
    return signalled ?? status
  }

  /** `undefined` if it failed; the diagnosis has why. Throws if the command line is at fault. */
  async #open(): Promise<TlsConnection | undefined> {
    const { options } = this.#request
    const diagnosis = this.#diagnosis
    const names = [options.acceptedNames ?? options.servername].flat()
    const { signal } = this.#interrupted
    const lookNow = () => look(this.#request, this.#libssl, signal)
    // Some servers take one connection at a time: so this one comes first, where none is refused.
    const before = options.dangerouslySkipVerification ? await lookNow() : undefined
    let sent: readonly X509[] | undefined = []
    let tls: TlsConnection | undefined
    try {
      tls = connect(await dial(this.#request, diagnosis.timeline, signal), this.#options())
      tls.closed.catch(() => {}) // told by the streams
      diagnosis.info = await tls.opened
      diagnosis.timeline.mark('handshake')
      diagnosis.sentBytes = options.earlyData?.byteLength ?? 0
      const { peerCertificate, peerCertificateChain } = diagnosis.info
      sent = peerCertificateChain.length > 0 || !peerCertificate ? peerCertificateChain : [peerCertificate]
    } catch (error) {
      if (isUsageError(error)) throw this.#teller.inTermsOfFlags(error as Error)
      diagnosis.error = error
      diagnosis.timeline.mark('failed')
    }
    const refused = diagnosis.error instanceof CertificateError ? diagnosis.error as CertificateError<X509> : undefined
    const seen = refused ? await lookNow() : before
    if (refused) sent = seen ? seen.sent : [refused.certificate ?? []].flat()
    const failures = [...seen?.failures ?? [], ...(refused && refused.depth >= 0 ? [refused] : [])]
    diagnosis.chain = chainOf(sent, seen?.chain, failures, names)
    try {
      this.#saveChain(sent ?? seen!.chain)
    } catch (error) {
      tls?.abort(error)
      throw error
    }
    return tls
  }

  #options(): ConnectOptions {
    const { options, sessionFile } = this.#request
    const diagnosis = this.#diagnosis
    return {
      ...options,
      libssl: this.#libssl,
      signal: this.#interrupted.signal,
      onSession: (session) => {
        diagnosis.sessions++
        if (sessionFile === undefined) return
        try {
          writeFlagFile('session', sessionFile, session.toBytes())
          diagnosis.sessionFile = sessionFile
        } catch (error) {
          this.#notKept = error // told at the end: the connection is as good as before
        }
      },
      ...(options.cert === undefined && {
        onCertificateRequest: ({ caNames }) => { diagnosis.certificateRequest = { caNames } },
      }),
      ...this.#teller.observers(diagnosis),
    }
  }

  #saveChain(chain: readonly X509[]): void {
    const { chainFile } = this.#request
    if (chainFile !== undefined && chain.length > 0) writeFlagFile('save-chain', chainFile, chain.map((one) => one.toPem()).join(''))
  }
}
