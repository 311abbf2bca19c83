// `libssl-wasm connect`: a client that says what it found, and then carries standard input and output.

import { CertificateError, connect, load, type ConnectOptions, type LibSsl, type TlsConnection, type X509 } from '../../index.js'
import { chainOf } from './chain.js'
import { connectFlags, connectHelp, readConnectRequest, writtenTarget, type ConnectRequest } from './connect-flags.js'
import { dial } from './dial.js'
import { newDiagnosis, toJson, type Diagnosis } from './diagnosis.js'
import { exitStatus, isUsageError, statusOf, type ExitStatus } from './exit-status.js'
import { writeFlagFile } from './flags.js'
import { look, type Seen } from './look.js'
import { carry, waitForEnd } from './pipes.js'
import { report, trailer, traceLine, wordsOfError } from './report.js'
import { styleFor } from './style.js'
import { inFlags } from './tls-flags.js'

export async function connectCommand(args: readonly string[]): Promise<number> {
  const request = readConnectRequest(args)
  if (!request) {
    process.stdout.write(connectHelp())
    return exitStatus.good
  }
  const libssl = await load()
  // Some servers take one connection at a time: so this one comes first, where none is refused.
  const seen = request.options.dangerouslySkipVerification ? await look(request, libssl) : undefined
  return new ConnectCommand(request, libssl, seen).run()
}

class ConnectCommand {
  readonly #request: ConnectRequest
  readonly #libssl: LibSsl
  readonly #seen: Seen | undefined
  readonly #diagnosis: Diagnosis
  readonly #interrupted = new AbortController()
  readonly #out: NodeJS.WriteStream

  constructor(request: ConnectRequest, libssl: LibSsl, seen: Seen | undefined) {
    this.#request = request
    this.#libssl = libssl
    this.#seen = seen
    this.#diagnosis = newDiagnosis(writtenTarget(request), request.options.acceptedNames ? undefined : request.options.servername)
    this.#diagnosis.sessionFile = request.sessionFile
    // Who reads may have read enough.
    for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {})
    this.#out = request.check ? process.stdout : process.stderr
  }

  async run(): Promise<number> {
    const { check, keepOpen, json } = this.#request
    const diagnosis = this.#diagnosis
    let signalled: number | undefined
    for (const [signal, number] of [['SIGINT', 2], ['SIGTERM', 15]] as const) {
      process.once(signal, () => {
        signalled = 128 + number
        this.#interrupted.abort(new Error(`interrupted by ${signal}`))
      })
    }
    const tls = await this.#open()
    if (!json) this.#say(report(diagnosis, styleFor(this.#out), this.#words(), this.#request.options.alpnProtocols ?? []))
    if (tls && diagnosis.error === undefined) {
      try {
        await (check ? waitForEnd(tls, diagnosis) : carry(tls, diagnosis, keepOpen))
      } catch (error) {
        diagnosis.error = error
        tls.abort(error)
      }
      diagnosis.timeline.mark('end')
      if (!json) this.#say(`\n${trailer(diagnosis, styleFor(this.#out), this.#words())}`)
    }
    const status: ExitStatus = diagnosis.error === undefined ? exitStatus.good : statusOf(diagnosis.error)
    if (json) this.#say(`${JSON.stringify(toJson(diagnosis, status))}\n`)
    return signalled ?? status
  }

  /** `undefined` if it failed; the diagnosis has why. Throws for what the command line is to blame for. */
  async #open(): Promise<TlsConnection | undefined> {
    const { options } = this.#request
    const diagnosis = this.#diagnosis
    const names = [options.acceptedNames ?? options.servername].flat()
    let sent: readonly X509[] = []
    let tls: TlsConnection | undefined
    try {
      tls = connect(await dial(this.#request, diagnosis.timeline, this.#interrupted.signal), this.#options())
      diagnosis.info = await tls.opened
      diagnosis.timeline.mark('handshake')
      const { peerCertificate, peerCertificateChain } = diagnosis.info
      sent = peerCertificateChain.length > 0 || !peerCertificate ? peerCertificateChain : [peerCertificate]
      tls.closed.catch(() => {}) // told by the streams
    } catch (error) {
      if (isUsageError(error)) throw inTermsOfFlags(error as Error)
      diagnosis.error = error
      diagnosis.timeline.mark('failed')
    }
    const refused = diagnosis.error instanceof CertificateError ? diagnosis.error as CertificateError<X509> : undefined
    const seen = refused ? await look(this.#request, this.#libssl) : this.#seen
    if (refused?.certificate) sent = seen?.chain ?? [refused.certificate]
    const failures = [...seen?.failures ?? [], ...(refused && refused.depth >= 0 ? [refused] : [])]
    diagnosis.chain = chainOf(sent, seen?.chain, failures, names)
    this.#saveChain(sent)
    return tls
  }

  #options(): ConnectOptions {
    const { options, sessionFile, trace, json } = this.#request
    const diagnosis = this.#diagnosis
    return {
      ...options,
      libssl: this.#libssl,
      signal: this.#interrupted.signal,
      onSession: (session) => {
        diagnosis.sessions++
        if (sessionFile !== undefined) writeFlagFile('session', sessionFile, session.toBytes())
      },
      ...(options.cert === undefined && {
        onCertificateRequest: ({ caNames }) => { diagnosis.certificateRequest = { caNames } },
      }),
      ...(trace && {
        onTrace: (event) => {
          if (json) diagnosis.trace.push(event)
          else this.#say(`${traceLine(event, diagnosis.timeline.since(event.atMs), styleFor(this.#out))}\n`)
        },
      }),
    }
  }

  #saveChain(chain: readonly X509[]): void {
    const { chainFile } = this.#request
    if (chainFile !== undefined && chain.length > 0) writeFlagFile('save-chain', chainFile, chain.map((one) => one.toPem()).join(''))
  }

  #words(): string {
    return inFlags(connectFlags, wordsOfError(this.#diagnosis.error))
  }

  #say(text: string): void {
    this.#out.write(text)
  }
}

function inTermsOfFlags(error: Error): Error {
  error.message = inFlags(connectFlags, error.message)
  return error
}
